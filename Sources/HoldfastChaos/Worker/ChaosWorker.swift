import HoldfastHistory
import HoldfastJobs
import HoldfastLocks
import HoldfastRedis
import HoldfastRuntime
import Logging

/// A worker process of a chaos run: does its part of the workload, keeps a history, and obeys orders at named points.
public struct ChaosWorker: Sendable {
    /// The variable in which a worker is told the lock nodes' URLs, separated by commas.
    public static let nodesVariable = "HOLDFAST_CHAOS_NODES"

    private let name: String
    private let number: Int
    private let directory: String
    private let nodes: [String]
    private let patience: Duration
    private let program: String

    /// - Parameters:
    ///   - program: Its `chaos program` command is the program of jobs that have one.
    ///   - number: Different for each worker of a run.
    ///   - directory: The run's; holds `worker.json`, `history` and `orders`.
    ///   - nodes: Where this worker finds the lock nodes.
    ///   - patience: How long it waits for a majority of them: a worker may be born while one is away.
    public init(
        name: String, number: Int, directory: String, nodes: [String], program: String,
        patience: Duration = .seconds(60)
    ) {
        self.name = name
        self.number = number
        self.directory = directory
        self.nodes = nodes
        self.program = program
        self.patience = patience
    }

    /// Works until the calling task is cancelled; what runs then is given back.
    public func run() async throws {
        let settings = try WorkerSettings.load(from: directory)
        let runtime = ChaosRuntime(orders: ChaosOrders(directory: "\(directory)/orders"), process: name)
        let history = try HistoryWriter(
            path: "\(directory)/history/\(name).jsonl", client: name, number: number, runtime: runtime)
        let log = Logger(label: "holdfast.chaos") { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = .notice
            return handler
        }
        let store = RedisClient(
            try RedisConfiguration(url: settings.store), scripts: JobScripts.all,
            transport: transport(settings, .staleCompletion, ScriptMutation.staleCompletion), runtime: runtime)
        let locks = try await connect(settings, history, runtime, log)
        let seat = WorkerSeat(
            name: name, settings: settings, programLine: JobProgram.line(program, in: directory), store: store,
            locks: locks, history: history, runtime: runtime, log: log)
        do { try await work(seat, beside: accomplice(seat)) } catch {
            await close(seat)
            throw error
        }
        await close(seat)
    }

    /// The usual sockets, unless the run lacks a protection that is part of a script.
    private func transport(
        _ settings: WorkerSettings, _ mutant: Mutant, _ mutations: [ScriptMutation]
    ) -> any ByteTransport {
        settings.mutant == mutant ? MutatingTransport(mutations) : NIOTransport()
    }

    /// What a mutant does beside the work, until the task is cancelled.
    private func accomplice(_ seat: WorkerSeat) throws -> @Sendable () async -> Void {
        switch seat.settings.mutant {
        case .rejoinAtOnce where !nodes.isEmpty:
            let rash = try RashAdmission(nodes, runtime: seat.runtime)
            return { await rash.run() }
        case .twoStepClaim where seat.settings.workload == .jobs:
            let claim = try TwoStepClaim(JobWork.queue, seat.store, runtime: seat.runtime)
            return { await claim.run() }
        default: return {}
        }
    }

    private func work(_ seat: WorkerSeat, beside accomplice: @escaping @Sendable () async -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(operation: accomplice)
            try await work(seat)
            group.cancelAll()
        }
    }

    private func close(_ seat: WorkerSeat) async {
        await seat.locks?.close()
        await seat.store.close()
    }

    private func work(_ seat: WorkerSeat) async throws {
        switch seat.settings.workload {
        case .agents: try await AgentWork(seat).run()
        case .counter, .election: try await RegisterWork(seat).run()
        case .jobs: try await JobWork(seat).run()
        }
    }

    private func connect(
        _ settings: WorkerSettings, _ history: HistoryWriter, _ runtime: any Runtime, _ log: Logger
    ) async throws -> LockCluster? {
        if nodes.isEmpty { return nil }
        let recorder = LockRecorder(history: history)
        let thief = settings.mutant == .releaseWithoutCompare ? try BlindRelease(nodes, runtime: runtime) : nil
        var configuration = try LockClusterConfiguration(urls: nodes)
        // Both ways of asking, beside each other: they are promised to be as good.
        configuration.asks = number % 2 == 0 ? .all : .majority
        return try await LockCluster.connect(
            configuration, patience: patience,
            transport: transport(settings, .naiveToken, ScriptMutation.naiveToken), runtime: runtime, log: log,
            observer: { event in
                recorder.record(event)
                thief?.observe(event)
            })
    }
}

/// What a worker works with.
struct WorkerSeat: Sendable {
    let name: String
    let settings: WorkerSettings
    /// The program of jobs that have one, as a command line.
    let programLine: String
    let store: RedisClient
    /// Nil: the scenario has no lock nodes.
    let locks: LockCluster?
    let history: HistoryWriter
    let runtime: any Runtime
    let log: Logger

    var lockTTL: Duration { .milliseconds(settings.lockTTL) }

    /// - Throws: ``ChaosError`` where the scenario has no lock nodes.
    func lockCluster() throws(ChaosError) -> LockCluster {
        guard let locks else { throw ChaosError("this workload needs lock nodes") }
        return locks
    }
}
