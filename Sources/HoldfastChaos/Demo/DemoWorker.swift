import HoldfastAgents
import HoldfastHistory
import HoldfastJobs
import HoldfastLocks
import HoldfastRedis
import HoldfastResources
import HoldfastRuntime
import Logging

/// A worker process of the demonstration: runs agents whose tool calls move credits, and keeps a history.
public struct DemoWorker: Sendable {
    public struct Options: Sendable {
        public var name: String
        /// Different for each worker of a run.
        public var number: Int
        public var store: String
        public var nodes: [String]
        /// The run's directory; holds `history` and `orders`.
        public var directory: String
        public var unsafe: Bool
        public var lockTTL: Duration
        public var jobLease: Duration
        public var concurrency: Int

        public init(
            name: String, number: Int, store: String, nodes: [String], directory: String, unsafe: Bool,
            lockTTL: Duration, jobLease: Duration, concurrency: Int
        ) {
            self.name = name
            self.number = number
            self.store = store
            self.nodes = nodes
            self.directory = directory
            self.unsafe = unsafe
            self.lockTTL = lockTTL
            self.jobLease = jobLease
            self.concurrency = concurrency
        }
    }

    /// The job's function: an agent run that moves credits.
    public static let function = "agents.transfer"
    static let queue = "transfers"

    private let options: Options

    public init(_ options: Options) { self.options = options }

    /// Works until the calling task is cancelled; what runs then is given back.
    public func run() async throws {
        let orders = ChaosOrders(directory: "\(options.directory)/orders")
        let runtime = ChaosRuntime(orders: orders, process: options.name)
        let history = try HistoryWriter(
            path: "\(options.directory)/history/\(options.name).jsonl", client: options.name, number: options.number,
            runtime: runtime)
        let locksRecorder = LockRecorder(history: history)
        let jobsRecorder = JobRecorder(history)
        let log = Logger(label: "holdfast.demo") { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = .notice
            return handler
        }
        let store = RedisClient(try RedisConfiguration(url: options.store), scripts: JobScripts.all, runtime: runtime)
        let locks = try await LockCluster.connect(
            try LockClusterConfiguration(urls: options.nodes), runtime: runtime, log: log,
            observer: { locksRecorder.record($0) })
        let ledger = Ledger("main", on: store, unfenced: options.unsafe)
        let tools = try ToolSet(
            LedgerTools(ledger, locks: locks, who: options.name, ttl: options.lockTTL).all)
        var handlers = HandlerRegistry()
        handlers.register(Self.function) { (transfer: Transfer, context: JobContext) async throws -> String in
            try await Self.runAgent(transfer, context, tools, runtime)
        }
        var configuration = WorkerConfiguration()
        configuration.name = options.name
        configuration.concurrency = options.concurrency
        configuration.lease = options.jobLease
        configuration.crashLimit = 50
        configuration.grace = .seconds(10)
        let worker = try Worker(
            queues: [try QueueName(Self.queue)], client: store, handlers: handlers, configuration: configuration,
            logger: log, observe: { jobsRecorder.record($0) })
        try await worker.run()
        await locks.close()
        await store.close()
    }

    /// The model's part is scripted, so that everybody can run it; the loop, the tools and their effects are real.
    private static func runAgent(
        _ transfer: Transfer, _ context: JobContext, _ tools: ToolSet, _ runtime: any Runtime
    ) async throws -> String {
        let model = ScriptedModel(turns: [
            .init(calls: [.init("balance", ["account": .string(transfer.from)])]),
            .init(calls: [
                .init(
                    "transfer",
                    [
                        "from": .string(transfer.from), "to": .string(transfer.to), "amount": .integer(transfer.amount),
                    ])
            ]),
            .init(say: "Moved \(transfer.amount) credits from \(transfer.from) to \(transfer.to).", expect: "journal"),
        ])
        let agent = Agent(model: model, tools: tools, runtime: runtime)
        let result = try await agent.run(
            "Move \(transfer.amount) credits from \(transfer.from) to \(transfer.to).", runID: "\(context.jobID)")
        guard result.isComplete, let text = result.text else {
            throw DemoError("the agent stopped: \(result.stopReason)")
        }
        return text
    }

    /// The key under which a job's agent commits its transfer: its second turn's first call.
    static func effectKey(of job: String) -> String {
        ToolContext(runID: job, step: 2, index: 0).idempotencyKey
    }
}
