import HoldfastHistory
import HoldfastJobs
import HoldfastRedis
import HoldfastResources
import HoldfastRuntime
import Synchronization

/// Asks agents to move credits, and lets the ledger testify.
final class AgentDriver: WorkloadDriver {
    private static let creditsPerAccount: Int64 = 100_000

    private let seed: UInt64
    private let backlog: Int
    private let store: RedisClient
    private let ledger: Ledger
    private let queue: Queue
    private let history: HistoryWriter
    private let runtime: any Runtime
    private let initial: [String: Int64]
    private let asked = Mutex(0)
    private let end = QueueEnd()

    init(
        _ workload: Workload, seed: UInt64, store: String, history: HistoryWriter, runtime: any Runtime
    ) throws {
        self.seed = seed
        backlog = workload.backlog
        self.store = RedisClient(try RedisConfiguration(url: store), scripts: JobScripts.all, runtime: runtime)
        ledger = Ledger("main", on: self.store)
        queue = try Queue(AgentWork.queue, client: self.store)
        self.history = history
        self.runtime = runtime
        initial = Dictionary(
            uniqueKeysWithValues: (1...workload.keys).map { ("account-\($0)", Self.creditsPerAccount) })
    }

    private var witness: LedgerWitness { LedgerWitness(ledger: ledger, history: history, runtime: runtime) }

    func prepare() async throws {
        _ = try await ledger.create(initial)
        witness.opened(with: initial)
    }

    func produce(until deadline: Instant) async throws {
        var random = SeededGenerator(seed: seed)
        let accounts = initial.keys.sorted()
        while runtime.now < deadline {
            let waiting = try await queue.counts().queued
            for _ in 0..<max(0, backlog - waiting) {
                let from = accounts.randomElement(using: &random) ?? accounts[0]
                let to = accounts.filter { $0 != from }.randomElement(using: &random) ?? accounts[1]
                try await ask(Transfer(from: from, to: to, amount: Int64.random(in: 1...9, using: &random)))
            }
            try await runtime.sleep(for: .milliseconds(20))
        }
    }

    private func ask(_ transfer: Transfer) async throws {
        let id = try JobID("transfer-\(asked.withLock { $0 })")
        var options = JobOptions()
        options.id = id
        // A transfer that a pause or a failure spoils is tried again; its key makes sure that it happens once.
        options.retry = .init(maximum: 20)
        // Where it is after the run is what it is judged by.
        options.resultTTL = .forever
        let wanted = history.begin(
            HistoryFunction.transfer,
            [
                .text(AgentWork.effectKey(of: id.text)), .text(transfer.from), .text(transfer.to),
                .number(transfer.amount),
            ])
        let given = history.begin(HistoryFunction.enqueue, [.text(id.text)])
        _ = try await queue.enqueue(
            AgentWork.function,
            keywords: ["from": transfer.from, "to": transfer.to, "amount": transfer.amount], options: options)
        history.end(given, .ok)
        history.end(wanted, .ok)
        asked.withLock { $0 += 1 }
    }

    func isDone() async throws -> Bool {
        end.isReached(try await queue.counts(), asked: asked.withLock { $0 }, now: runtime.now)
    }

    func testify() async throws {
        try await witness.testify()
        try await JobWitness(queue: queue, history: history).testify()
    }

    func progress() async throws -> WorkloadProgress {
        let counts = try await queue.counts()
        return WorkloadProgress(
            asked: asked.withLock { $0 }, applied: try await ledger.journalLength(), waiting: counts.queued,
            failed: counts.failed)
    }

    func close() async { await store.close() }
}
