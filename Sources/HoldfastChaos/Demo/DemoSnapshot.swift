/// What a watcher sees of a running demonstration.
public struct DemoSnapshot: Sendable, Hashable {
    public enum Phase: String, Sendable { case starting, running, draining, auditing }

    public struct Holder: Sendable, Hashable {
        public var lock: String
        public var worker: String
        public var token: Int64
    }

    public var phase = Phase.starting
    public var elapsed: Duration = .zero
    public var asked = 0
    public var applied = 0
    public var waiting = 0
    public var workers: [String] = []
    /// The lock nodes, and whether each runs.
    public var nodes: [String: Bool] = [:]
    /// Who holds what, as the workers' histories tell; a dead holder's lock stays until it expires or is taken over.
    public var holders: [Holder] = []
    public var workerKills = 0
    public var pauses = 0
    public var nodeKills = 0
    public var latestFault = ""

    public init() {}
}
