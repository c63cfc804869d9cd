/// What a watcher sees of a run under way.
public struct ChaosSnapshot: Sendable, Hashable {
    public enum Phase: String, Sendable { case starting, running, draining, judging }

    public struct Holder: Sendable, Hashable {
        public var lock: String
        public var worker: String
        public var token: Int64
    }

    public var phase = Phase.starting
    public var elapsed: Duration = .zero
    /// Pieces of work: transfers, jobs or increments.
    public var asked = 0
    public var applied = 0
    public var waiting = 0
    public var workers: [String] = []
    /// The lock nodes, and whether each runs.
    public var nodes: [String: Bool] = [:]
    /// Who holds what, as the workers' histories tell; a dead holder's lock stays until it expires or is taken over.
    public var holders: [Holder] = []
    public var faults: [FaultTally] = []
    public var latestFault = ""

    public init() {}
}
