/// How large a demonstration is, and what is done to it.
public struct DemoConfiguration: Sendable, Hashable {
    /// Lock nodes.
    public var nodes = 5
    /// Worker processes.
    public var workers = 6
    /// How long transfers are asked for and faults injected; draining and the audit come on top.
    public var seconds = 20
    public var seed: UInt64 = 1
    /// 1 is the default; 0 injects nothing.
    public var faultRate = 1.0
    /// Switches the ledger's fences off, so that the harm shows which they prevent.
    public var unsafe = false
    /// Kept afterwards, with logs and histories; nil takes a temporary one that is removed.
    public var directory: String?
    /// The program whose `demo-worker` command is a worker.
    public var program: String

    /// Few accounts, so that transfers meet.
    let accounts = 6
    let creditsPerAccount: Int64 = 100_000
    /// Short, so that a pause of seconds outlives it.
    let lockTTL: Duration = .seconds(1)
    let maximumTTL: Duration = .seconds(2)
    let jobLease: Duration = .seconds(5)
    /// Jobs that a worker runs at a time.
    let concurrency = 2
    /// Jobs that wait at most.
    let backlog = 24
    /// How long the queue may take to empty at the end.
    let drainLimit: Duration = .seconds(60)

    public init(program: String) { self.program = program }

    /// - Throws: ``DemoError`` that says which option to change.
    func validate() throws(DemoError) {
        guard (1...9).contains(nodes) else { throw DemoError("--nodes takes 1 to 9") }
        guard (1...32).contains(workers) else { throw DemoError("--workers takes 1 to 32") }
        guard (1...3600).contains(seconds) else { throw DemoError("--seconds takes 1 to 3600") }
        guard faultRate.isFinite, (0...10).contains(faultRate) else { throw DemoError("--fault-rate takes 0 to 10") }
    }
}

/// Why a demonstration could not be held, in a sentence.
public struct DemoError: Error, Sendable, Hashable, CustomStringConvertible {
    public var description: String

    public init(_ description: String) { self.description = description }
}
