import HoldfastHistory
import HoldfastJobs
import HoldfastRedis
import HoldfastRuntime
import Synchronization

/// Gives jobs with an effect each, and lets the record of effects testify.
final class JobDriver: WorkloadDriver {
    /// One of so many jobs is done by a program that its worker runs: a process for each takes its time.
    private static let programs = 16

    private let seed: UInt64
    private let backlog: Int
    private let store: RedisClient
    private let queue: Queue
    private let effects: JobEffects
    private let history: HistoryWriter
    private let runtime: any Runtime
    private let asked = Mutex(0)
    private let end = QueueEnd()

    init(
        _ workload: Workload, seed: UInt64, store: String, history: HistoryWriter, runtime: any Runtime
    ) throws {
        self.seed = seed
        backlog = workload.backlog
        self.store = RedisClient(try RedisConfiguration(url: store), scripts: JobScripts.all, runtime: runtime)
        queue = try Queue(JobWork.queue, client: self.store)
        effects = JobEffects(on: self.store)
        self.history = history
        self.runtime = runtime
    }

    func prepare() async throws {}

    func produce(until deadline: Instant) async throws {
        var random = SeededGenerator(seed: seed)
        while runtime.now < deadline {
            let waiting = try await queue.counts().queued
            for _ in 0..<max(0, backlog - waiting) {
                let milliseconds = Int.random(in: 0...40, using: &random)
                let isProgram = Int.random(in: 1...Self.programs, using: &random) == 1
                try await give(isProgram ? JobWork.program : JobWork.function, milliseconds)
            }
            try await runtime.sleep(for: .milliseconds(20))
        }
    }

    private func give(_ function: String, _ milliseconds: Int) async throws {
        let id = try JobID("job-\(asked.withLock { $0 })")
        var options = JobOptions()
        options.id = id
        options.retry = .init(maximum: 20)
        // Where it is after the run is what it is judged by.
        options.resultTTL = .forever
        let given = history.begin(HistoryFunction.enqueue, [.text(id.text)])
        _ = try await queue.enqueue(function, keywords: ["milliseconds": milliseconds], options: options)
        history.end(given, .ok)
        asked.withLock { $0 += 1 }
    }

    func isDone() async throws -> Bool {
        end.isReached(try await queue.counts(), asked: asked.withLock { $0 }, now: runtime.now)
    }

    func testify() async throws {
        for effect in try await effects.all() {
            let time = StoreTime.instant(of: effect.entry, runtime)
            history.note(.witness, HistoryFunction.effect, [.text(effect.job)], at: time)
        }
        try await JobWitness(queue: queue, history: history).testify()
    }

    func progress() async throws -> WorkloadProgress {
        let counts = try await queue.counts()
        return WorkloadProgress(
            asked: asked.withLock { $0 }, applied: try await effects.count(), waiting: counts.queued,
            failed: counts.failed)
    }

    func close() async { await store.close() }
}
