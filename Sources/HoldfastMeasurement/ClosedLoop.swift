public import HoldfastRuntime

/// Callers that repeat one thing, each as soon as it is done with the last one. For throughput and for ratios: its
/// latencies leave out what an open loop would add while a server stalls.
public struct ClosedLoop: Sendable {
    public var callers: Int
    public var span: Duration
    /// Where the callers run; nil: on the global pool.
    public var executor: (any TaskExecutor)?
    public var runtime: any Runtime

    /// - Precondition: at least one caller.
    public init(
        callers: Int, for span: Duration, on executor: (any TaskExecutor)? = nil, runtime: any Runtime = LiveRuntime()
    ) {
        precondition(callers > 0, "a loop needs a caller")
        self.callers = callers
        self.span = span
        self.executor = executor
        self.runtime = runtime
    }

    /// What all callers did together.
    public struct Outcome<Record: Sendable>: Sendable {
        public var turns: Int
        /// Until the last caller had ended the turn that it had begun in time.
        public var elapsed: Duration
        /// Of whole turns.
        public var latencies: Latencies
        /// What the body noted, one a caller.
        public var records: [Record]
    }

    /// Lets the callers repeat `body` until the time is over. The first error ends all.
    /// - Parameter record: Where a caller's turns note what they saw, at first.
    public func run<Record: Sendable>(
        noting record: Record,
        _ body: @escaping @Sendable (_ caller: Int, _ turn: Int, _ record: inout Record) async throws -> Void
    ) async throws -> Outcome<Record> {
        let runtime = self.runtime
        let start = runtime.now
        let deadline = start.advanced(by: span)
        return try await withThrowingTaskGroup(of: Outcome<Record>.self) { group in
            for caller in 0..<callers {
                group.addTask(executorPreference: executor) {
                    var latencies = Latencies()
                    var record = record
                    var turn = 0
                    var before = runtime.now
                    while before < deadline {
                        try await body(caller, turn, &record)
                        let after = runtime.now
                        latencies.record(before.duration(to: after))
                        before = after
                        turn += 1
                    }
                    return Outcome(
                        turns: turn, elapsed: start.duration(to: before), latencies: latencies, records: [record])
                }
            }
            var all = Outcome<Record>(turns: 0, elapsed: .zero, latencies: Latencies(), records: [])
            for try await one in group {
                all.turns += one.turns
                all.elapsed = max(all.elapsed, one.elapsed)
                all.latencies.add(one.latencies)
                all.records += one.records
            }
            return all
        }
    }
}
