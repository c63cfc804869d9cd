import Foundation
import HoldfastCluster
import HoldfastHistory
import HoldfastJobs
import HoldfastLocks
import HoldfastProcess
import HoldfastRedis
import HoldfastResources
import HoldfastRuntime
import Synchronization

/// One demonstration on a running cluster.
final class DemoRun: Sendable {
    private let configuration: DemoConfiguration
    private let directory: String
    private let cluster: LocalCluster
    private let runtime: any Runtime
    private let watch: @Sendable (DemoSnapshot) -> Void
    private let store: RedisClient
    private let ledger: Ledger
    private let queue: Queue
    private let initial: [String: Int64]
    private let state = Mutex(State())

    private struct State {
        var phase = DemoSnapshot.Phase.starting
        var asked: [String] = []
    }

    init(
        _ configuration: DemoConfiguration, _ directory: String, _ cluster: LocalCluster, _ runtime: any Runtime,
        _ watch: @escaping @Sendable (DemoSnapshot) -> Void
    ) throws {
        self.configuration = configuration
        self.directory = directory
        self.cluster = cluster
        self.runtime = runtime
        self.watch = watch
        store = RedisClient(
            try RedisConfiguration(url: cluster.storeURLs[0]), scripts: JobScripts.all, runtime: runtime)
        ledger = Ledger("main", on: store)
        queue = try Queue(DemoWorker.queue, client: store)
        initial = Dictionary(
            uniqueKeysWithValues: (1...configuration.accounts).map {
                ("account-\($0)", configuration.creditsPerAccount)
            })
    }

    func run() async throws -> DemoVerdict {
        do {
            let verdict = try await suffer()
            await store.close()
            return verdict
        } catch {
            await store.close()
            throw error
        }
    }

    private func suffer() async throws -> DemoVerdict {
        _ = try await LockCluster.initialize(
            try LockClusterConfiguration(urls: cluster.nodeURLs), maximumTTL: configuration.maximumTTL, runtime: runtime
        )
        _ = try await ledger.create(initial)
        let fleet = Fleet(size: configuration.workers, runtime: runtime, command: workerCommand)
        let history = try HistoryWriter(
            path: "\(directory)/history/demo.jsonl", client: "demo", number: 0, runtime: runtime)
        LedgerWitness(ledger: ledger, history: history, runtime: runtime).opened(with: initial)
        let injector = Injector(
            fleet: fleet, cluster: cluster, orders: ChaosOrders(directory: "\(directory)/orders"), history: history,
            runtime: runtime, configuration: configuration,
            overtaken: overtaken)
        let plan = FaultPlan(
            seed: configuration.seed, span: .seconds(configuration.seconds), rate: configuration.faultRate,
            nodes: configuration.nodes, workers: configuration.workers, lockTTL: configuration.lockTTL,
            jobLease: configuration.jobLease)
        let drained = try await withThrowingTaskGroup(of: Bool?.self) { group in
            group.addTask {
                try await fleet.run()
                return nil
            }
            group.addTask {
                try await self.watch(fleet, injector)
                return nil
            }
            group.addTask {
                async let faults: Void = injector.run(plan)
                try await self.produce(history)
                await faults
                self.state.withLock { $0.phase = .draining }
                let drained = try await self.drain()
                await fleet.stop(grace: .seconds(12))
                return drained
            }
            // The fleet ends only when it is stopped: whoever ends before by an error ends all.
            while let part = try await group.next() {
                if let drained = part {
                    group.cancelAll()
                    return drained
                }
            }
            throw DemoError("the demonstration was cancelled")
        }
        state.withLock { $0.phase = .auditing }
        return try await judge(history, injector, plan, drained)
    }

    /// Whether another's transfer is the newest of an account whose lock this worker took and did not give back.
    @Sendable private func overtaken(_ worker: String) async -> Bool {
        var reader = HistoryReader(directory: "\(directory)/history")
        guard let events = try? reader.next(), let journal = try? await ledger.journal() else { return false }
        var held: [String: Int64] = [:]
        for event in events where event.client == worker {
            guard let (lock, token) = Self.tenure(event) else { continue }
            held[lock] = event.f == HistoryFunction.acquire ? token : nil
        }
        return journal.contains { entry in
            [(entry.transfer.from, entry.fromToken), (entry.transfer.to, entry.toToken)].contains { account, token in
                held[ledger.lockName(account)].map { token.rawValue > $0 } ?? false
            }
        }
    }

    /// The lock and token that an event tells to be held from now on, or no longer.
    private static func tenure(_ event: HistoryEvent) -> (lock: String, token: Int64)? {
        let ends =
            event.f == HistoryFunction.acquire && event.type == .ok
            || event.f == HistoryFunction.release && event.type != .invoke
        guard ends, let lock = event.value[0].text, let token = event.value[1].number else { return nil }
        return (lock, token)
    }

    @Sendable private func workerCommand(_ name: String, _ number: Int) -> Command {
        var command = Command(
            configuration.program,
            [
                "demo-worker", "--name", name, "--number", "\(number)", "--directory", directory, "--store",
                cluster.storeURLs[0], "--nodes",
                cluster.nodeURLs.joined(separator: ","), "--lock-ttl", "\(configuration.lockTTL.milliseconds)",
                "--job-lease", "\(configuration.jobLease.milliseconds)", "--concurrency",
                "\(configuration.concurrency)",
            ] + (configuration.unsafe ? ["--unsafe"] : []))
        command.output = .file("\(directory)/logs/\(name).log")
        command.error = .file("\(directory)/logs/\(name).log")
        // Control-C is for the demonstration, which then stops its workers in order.
        command.grouping = .ownGroup
        return command
    }

    // MARK: - Asking for transfers

    private func produce(_ history: HistoryWriter) async throws {
        state.withLock { $0.phase = .running }
        var random = SeededGenerator(seed: configuration.seed)
        let accounts = initial.keys.sorted()
        let deadline = runtime.now.advanced(by: .seconds(configuration.seconds))
        while runtime.now < deadline {
            let waiting = try await queue.counts().queued
            for _ in 0..<max(0, configuration.backlog - waiting) {
                let from = accounts.randomElement(using: &random) ?? accounts[0]
                let to = accounts.filter { $0 != from }.randomElement(using: &random) ?? accounts[1]
                try await ask(Transfer(from: from, to: to, amount: Int64.random(in: 1...9, using: &random)), history)
            }
            try await runtime.sleep(for: .milliseconds(20))
        }
    }

    private func ask(_ transfer: Transfer, _ history: HistoryWriter) async throws {
        let number = state.withLock { $0.asked.count }
        let id = try JobID("transfer-\(number)")
        var options = JobOptions()
        options.id = id
        // A transfer that a pause or a failure spoils is tried again; its key makes sure that it happens once.
        options.retry = .init(maximum: 20)
        let asked = history.begin(
            HistoryFunction.transfer,
            [
                .text(DemoWorker.effectKey(of: id.text)), .text(transfer.from), .text(transfer.to),
                .number(transfer.amount),
            ])
        let given = history.begin(HistoryFunction.enqueue, [.text(id.text)])
        _ = try await queue.enqueue(
            DemoWorker.function,
            keywords: ["from": transfer.from, "to": transfer.to, "amount": transfer.amount], options: options)
        history.end(given, .ok)
        history.end(asked, .ok)
        state.withLock { $0.asked.append(id.text) }
    }

    /// Waits until nothing waits or runs; false when that takes too long.
    private func drain() async throws -> Bool {
        let deadline = runtime.now.advanced(by: configuration.drainLimit)
        while runtime.now < deadline {
            let counts = try await queue.counts()
            if counts.queued + counts.started + counts.scheduled + counts.deferred == 0 { return true }
            try await runtime.sleep(for: .milliseconds(50))
        }
        return false
    }

    // MARK: - Watching

    private func watch(_ fleet: Fleet, _ injector: Injector) async throws {
        var reader = HistoryReader(directory: "\(directory)/history")
        var holders: [String: DemoSnapshot.Holder] = [:]
        let start = runtime.now
        while true {
            for event in try reader.next() {
                guard let client = event.client, let (lock, token) = Self.tenure(event) else { continue }
                if event.f == HistoryFunction.acquire {
                    holders[lock] = DemoSnapshot.Holder(lock: lock, worker: client, token: token)
                } else if holders[lock]?.token == token {
                    holders[lock] = nil
                }
            }
            var snapshot = DemoSnapshot()
            (snapshot.phase, snapshot.asked) = state.withLock { ($0.phase, $0.asked.count) }
            snapshot.elapsed = start.duration(to: runtime.now)
            snapshot.applied = try await ledger.journalLength()
            snapshot.waiting = try await queue.counts().queued
            snapshot.workers = fleet.members.map(\.name)
            for node in cluster.nodes { snapshot.nodes[node.name] = node.pid != nil }
            snapshot.holders = holders.values.sorted { $0.lock < $1.lock }
            let counts = injector.counts
            (snapshot.workerKills, snapshot.pauses, snapshot.nodeKills) =
                (counts.workerKills, counts.pauses, counts.nodeKills)
            snapshot.latestFault = injector.latest
            watch(snapshot)
            do { try await runtime.sleep(for: .milliseconds(200)) } catch { return }
        }
    }

    // MARK: - Judging

    private func judge(
        _ history: HistoryWriter, _ injector: Injector, _ plan: FaultPlan, _ drained: Bool
    ) async throws -> DemoVerdict {
        try await LedgerWitness(ledger: ledger, history: history, runtime: runtime).testify()
        var reader = HistoryReader(directory: "\(directory)/history")
        return DemoVerdict(
            try History(try reader.next()), faults: injector.counts, plan: plan, drained: drained,
            failedJobs: try await queue.counts().failed)
    }
}
