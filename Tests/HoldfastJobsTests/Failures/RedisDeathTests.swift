import Foundation
import Glibc
import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import JobFaults
import Synchronization
import Testing

@testable import HoldfastJobs

/// Redis is killed in the middle of every script, with `appendfsync always`, and comes back: no job is lost, and the
/// worker goes on.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RedisDeathTests {
    /// Kills the server when a script's call comes to a moment, once, and starts it again.
    private final class Assassin: Sendable {
        private let script: String
        private let moment: Moment
        private let server: ClusterMember
        private let isDone = Mutex(false)
        private let deaths: AsyncStream<Void>
        private let tell: AsyncStream<Void>.Continuation

        init(_ script: String, _ moment: Moment, _ server: ClusterMember) {
            self.script = script
            self.moment = moment
            self.server = server
            (deaths, tell) = AsyncStream.makeStream()
        }

        var hasStruck: Bool { isDone.withLock { $0 } }

        @Sendable func observe(_ name: String, _ moment: Moment) {
            guard name == script, moment == self.moment, let pid = server.pid else { return }
            let isFirst = isDone.withLock { isDone in
                defer { isDone = true }
                return !isDone
            }
            guard isFirst else { return }
            Glibc.kill(pid, SIGKILL)
            tell.yield()
        }

        /// Starts the server again when it was killed; ends after that, or when the task is cancelled.
        func restart() async throws {
            for await _ in deaths {
                try await server.restart()
                return
            }
        }
    }

    /// A client whose scripts' calls are watched.
    private func withWatchedClient<Value>(
        _ redis: Fixture, _ assassin: Assassin, _ body: (RedisClient) async throws -> Value
    ) async throws -> Value {
        var configuration = try RedisConfiguration(url: redis.server.url)
        configuration.maximumBackoff = .milliseconds(200)
        let client = RedisClient(
            configuration, scripts: JobScripts.all,
            transport: ScriptTransport(JobScripts.all, observe: assassin.observe))
        let result: Swift.Result<Value, any Error>
        do { result = .success(try await body(client)) } catch { result = .failure(error) }
        await client.close()
        return try result.get()
    }

    struct Broken: Error {}

    private func worker(_ client: RedisClient, _ gate: Gate, log: EventLog) throws -> Worker {
        var handlers = HandlerRegistry()
        Effects(on: client).register(in: &handlers)
        handlers.register("slow") { (_: NoArguments, _) in try await gate.pass() }
        handlers.register("fails-twice") { (_: NoArguments, context) in
            if context.attempt < 3 { throw Broken() }
        }
        var configuration = WorkerConfiguration()
        configuration.lease = .milliseconds(1500)
        configuration.maintenanceInterval = .milliseconds(100)
        configuration.unwinding = .milliseconds(100)
        return try Worker(
            queues: [QueueName("q")], client: client, handlers: handlers, configuration: configuration,
            observe: log.observe)
    }

    /// Enqueues under chosen ids, again and again until it is known to have happened.
    private func enqueue(_ jobs: [NewJob], _ queue: Queue) async throws {
        while true {
            do {
                try await queue.enqueue(jobs)
                return
            } catch  where error.code == .alreadyLive {
                return
            } catch  where error.code == .redis {
                try await queue.client.runtime.sleep(for: .milliseconds(50))
            }
        }
    }

    /// Those that the work below calls by itself.
    private static let scripts = [
        "enqueue", "register", "take", "complete", "promote", "renew", "repair", "reconcile", "deregister",
    ]
    private static let moments: [Moment] = Battery.isLong ? Moment.allCases : [.answered]

    @Test(arguments: scripts, moments)
    func aDeathDuringAScriptLosesNothing(_ script: String, _ moment: Moment) async throws {
        try await withRedis { redis in
            let assassin = Assassin(script, moment, redis.server)
            let keep = Retention.span(.seconds(3600))
            // A handler that finds Redis gone fails, and is tried again.
            let again = RetryPolicy(maximum: 20)
            var jobs = try (0..<12).map {
                try NewJob(
                    Effects.function, $0, options: .init(id: try JobID("effect-\($0)"), resultTTL: keep, retry: again))
            }
            let retry = RetryPolicy(maximum: 2, intervals: [.zero, .seconds(1)])
            jobs.append(
                try NewJob(
                    "fails-twice", options: .init(id: try JobID("failing"), resultTTL: keep, retry: retry)))
            jobs.append(try NewJob("slow", options: .init(id: try JobID("slow"), resultTTL: keep)))
            let work = jobs
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await assassin.restart() }
                try await withWatchedClient(redis, assassin) { client in
                    let queue = try Queue("q", client: client)
                    try await enqueue(work, queue)
                    // The first worker is stopped while the slow job runs: it is given back.
                    let gate = Gate()
                    try await run(client, gate) { worker in
                        for job in work where job.options.id?.text != "slow" {
                            _ = try await queue.wait(for: try #require(job.options.id), patience: .seconds(60))
                        }
                        // Until its lease was renewed at least once.
                        try await client.runtime.sleep(for: .milliseconds(700))
                        worker.shutdown()
                        worker.shutdown()
                    }
                    gate.open()
                    try await run(client, gate) { worker in
                        _ = try await queue.wait(for: try JobID("slow"), patience: .seconds(60))
                        worker.shutdown()
                    }
                    #expect(assassin.hasStruck, "\(script) was not called")
                    let counts = try await queue.counts()
                    #expect(counts.finished == work.count, "\(counts)")
                    let ids = work.compactMap(\.options.id).filter { $0.text.hasPrefix("effect") }
                    let effects = try await Effects(on: client).count(of: ids)
                    #expect(effects.allSatisfy { $0.fenced == 1 }, "\(effects)")
                }
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }

    /// Under load and while the worker is idle: each time it goes on by itself.
    @Test func twentyRestartsStallNobody() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let log = EventLog()
            let worker = try worker(redis.client, Gate(), log: log)
            let ids = try await withWorker(worker) {
                var ids: [JobID] = []
                for round in 1...20 {
                    let jobs = try (0..<60).map { number in
                        try NewJob(
                            Effects.function, number,
                            options: .init(id: try JobID("r\(round)-\(number)"), retry: .init(maximum: 20)))
                    }
                    ids += jobs.compactMap(\.options.id)
                    try await enqueue(jobs, queue)
                    if round.isMultiple(of: 2) {
                        let before = worker.counters.finished
                        await log.wait(for: { if case .finished = $0 { true } else { false } }, count: before + 20)
                    } else {
                        for id in ids.suffix(60) { _ = try await queue.wait(for: id, patience: .seconds(60)) }
                    }
                    try await redis.server.restart()
                }
                for id in ids { _ = try await queue.wait(for: id, patience: .seconds(60)) }
                return ids
            }
            #expect(try await queue.counts().finished == ids.count && worker.counters.outcomesDropped == 0)
            #expect(try await Effects(on: redis.client).count(of: ids).allSatisfy { $0.fenced == 1 })
        }
    }

    /// Runs a worker beside `body`, as whoever supervises it would: one that could not register is followed by another.
    private func run(
        _ client: RedisClient, _ gate: Gate, _ body: @escaping @Sendable (Worker) async throws -> Void
    ) async throws {
        while true {
            let log = EventLog()
            let worker = try worker(client, gate, log: log)
            do {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await worker.run() }
                    group.addTask { try await body(worker) }
                    try await group.waitForAll()
                }
                return
            } catch let error as JobsError where error.code == .redis && log.events.isEmpty {
                continue
            }
        }
    }
}
