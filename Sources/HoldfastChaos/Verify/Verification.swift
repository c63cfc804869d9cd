import HoldfastHistory
public import HoldfastRuntime

/// Puts lock nodes that somebody else runs to the test: clients of our own are killed, paused and cut off from them,
/// and what comes of it is judged. The nodes themselves are not harmed: nothing is signalled, shut down or configured.
///
/// On the nodes it uses the lock names `holdfast-verify/…`, the same ones every time; on a given store a few values
/// whose names begin with `holdfast-verify-`, which it deletes at the end.
public struct Verification: Sendable {
    public struct Options: Sendable, Hashable {
        /// URLs, `redis://` only: links are put before them.
        public var nodes: [String]
        /// The store of the values that are counted; nil starts one for the run.
        public var store: String?
        public var clients = 4
        public var seconds = 20
        public var seed: UInt64 = 1
        /// Increments a second of all clients together, at most.
        public var rate = 100
        public var program: String

        public init(nodes: [String], program: String) {
            self.nodes = nodes
            self.program = program
        }
    }

    static let lockPrefix = "holdfast-verify/"

    private let options: Options
    private let runtime: any Runtime
    private let watch: @Sendable (ChaosSnapshot) -> Void

    public init(
        _ options: Options, runtime: any Runtime = LiveRuntime(),
        watch: @escaping @Sendable (ChaosSnapshot) -> Void = { _ in }
    ) {
        self.options = options
        self.runtime = runtime
        self.watch = watch
    }

    /// - Throws: ``ChaosError`` and others when it could not be held, such as ``LockError`` for nodes that are none.
    public func run() async throws -> ChaosRun.Outcome {
        var chaos = ChaosOptions(program: options.program)
        chaos.seed = options.seed
        chaos.nodes = options.nodes
        chaos.store = options.store
        return try await ChaosRun(scenario, chaos, runtime: runtime, watch: watch).run()
    }

    /// All faults that need no power over the nodes.
    var scenario: Scenario {
        var scenario = Scenario(
            name: "verify", about: "Clients of these lock nodes are killed, paused and cut off.",
            workload: Workload(.counter))
        scenario.topology.nodes = options.nodes.count
        scenario.topology.workers = options.clients
        scenario.budget.seconds = options.seconds
        scenario.workload.lockTTL = .milliseconds(800)
        scenario.workload.keys = 2
        scenario.workload.lockPrefix = Self.lockPrefix
        scenario.workload.registerPrefix = "holdfast-verify-\(runtime.randomHex(bytes: 8))-"
        scenario.workload.pause =
            .seconds(1)
            * (Double(options.clients * scenario.workload.concurrency)
                / Double(options.rate))
        scenario.guarantees = [.tokens, .tenures, .updates, .linearizability, .liveness]
        let interval = Duration.seconds(options.seconds) * 0.25
        var pauses = FaultSpec(.pause, on: .worker, .every(interval))
        pauses.points = [Points.raised, Points.written]
        pauses.spans = [.milliseconds(1500) ... .milliseconds(1900)]
        var kills = FaultSpec(.kill, on: .worker, .every(interval))
        kills.points = [nil, Points.raised, Points.written]
        scenario.faults = [pauses, kills]
        // A single node, or two, have no minority whose absence the others bear.
        let some: FaultSpec.Target = options.nodes.count > 2 ? .minority : .node
        for kind in [FaultSpec.Kind.dropRequests, .dropReplies, .lateRequests, .delay, .reset] {
            var cut = FaultSpec(kind, on: some, .every(.seconds(options.seconds) * 0.5))
            cut.spans = [.milliseconds(400) ... .milliseconds(1200)]
            scenario.faults.append(cut)
        }
        return scenario
    }
}
