import HoldfastRuntime

/// What a closed loop of callers achieved.
public struct Throughput: Sendable {
    public var operations: Int
    public var elapsed: Duration
    public var latencies: Latencies

    public init(operations: Int, elapsed: Duration, latencies: Latencies = Latencies()) {
        self.operations = operations
        self.elapsed = elapsed
        self.latencies = latencies
    }

    public var perSecond: Double { elapsed > .zero ? Double(operations) / elapsed.seconds : 0 }

    /// Lets `callers` tasks repeat `body` for `span`, on `executor` if given, and adds their figures up.
    public static func closedLoop(
        callers: Int, for span: Duration, on executor: (any TaskExecutor)? = nil,
        _ body: @escaping @Sendable (_ caller: Int, _ turn: Int) async throws -> Void
    ) async throws -> Throughput {
        let outcome = try await ClosedLoop(callers: callers, for: span, on: executor).run(noting: ()) {
            caller, turn, _ in
            try await body(caller, turn)
        }
        return Throughput(operations: outcome.turns, elapsed: outcome.elapsed, latencies: outcome.latencies)
    }
}
