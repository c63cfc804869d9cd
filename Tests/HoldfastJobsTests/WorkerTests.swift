import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import Synchronization
import Testing

@testable import HoldfastJobs

@Suite(.timeLimit(.minutes(1))) struct WorkerTests {
    struct Sum: Decodable { let a: Int, b: Int }

    private func worker(
        _ redis: Fixture, _ handlers: HandlerRegistry, queues: [String] = ["q"], log: EventLog = EventLog(),
        _ change: (inout WorkerConfiguration) -> Void = { _ in }
    ) throws -> Worker {
        var configuration = WorkerConfiguration()
        configuration.maintenanceInterval = .milliseconds(100)
        change(&configuration)
        return try Worker(
            queues: queues.map { try QueueName($0) }, client: redis.client, handlers: handlers,
            configuration: configuration, observe: log.observe)
    }

    @Test func runsTypedHandlersAndKeepsTheirResults() async throws {
        var handlers = HandlerRegistry()
        handlers.register("sum") { (sum: Sum, context) in
            #expect(context.attempt == 1 && context.token == 1 && context.function == "sum")
            #expect(context.idempotencyKey(step: "pay") == "\(context.jobID):pay")
            #expect(context.leaseDeadline > context.runtime.now)
            return sum.a + sum.b
        }
        handlers.register("nothing") { (_: NoArguments, _) in }
        let registry = handlers
        try await withRedis { redis in
            let worker = try worker(redis, registry)
            let queue = try redis.queue("q")
            try await withWorker(worker) {
                let id = try await queue.enqueue("sum", 1, keywords: ["b": 2])
                #expect(try await queue.wait(for: id, patience: .seconds(30)).value(as: Int.self) == 3)
                let nothing = try await queue.enqueue("nothing")
                let result = try await queue.wait(for: nothing, patience: .seconds(30))
                #expect(result.outcome == .successful && result.returnValue == nil)
                #expect(try await queue.fetch(id)?.status == .finished)
            }
            #expect(worker.counters.finished == 2)
        }
    }

    @Test func whatCannotRunFailsWithASentenceAndTheWorkerGoesOn() async throws {
        var handlers = HandlerRegistry()
        handlers.register("sum") { (sum: Sum, _) in sum.a + sum.b }
        handlers.register("never") { (_: NoArguments, _) in throw PermanentFailure("no use") }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            @Sendable func raw(_ id: String, _ data: [UInt8]) async throws -> JobID {
                try await redis.client.send(
                    RedisCommand("HSET", RedisArgument("rq:job:\(id)"), "data", RedisArgument(data), "origin", "q"))
                try await redis.client.send(RedisCommand("RPUSH", "rq:queue:q", RedisArgument(id)))
                return try JobID(id)
            }
            try await withWorker(try worker(redis, registry)) {
                let retry = JobOptions(retry: .init(maximum: 3))
                let expectations: [(JobID, String)] = [
                    (
                        try await queue.enqueue("no.such", options: retry),
                        "knows no function no.such: it knows never, sum"
                    ),
                    (try await queue.enqueue("sum", "x", 2, options: retry), "do not fit sum: "),
                    (try await queue.enqueue("never", options: retry), "no use"),
                    (try await raw("pickle", [0x80, 0x04, 0x95]), "serializer='json'"),
                    (try await raw("text", Array("what".utf8)), "is not RQ's"),
                    (try await raw("deep", Array(repeating: UInt8(ascii: "["), count: 100_000)), "is not RQ's"),
                    (try await raw("empty", []), "is not RQ's"),
                ]
                for (id, reason) in expectations {
                    let result = try await queue.wait(for: id, patience: .seconds(30))
                    #expect(result.outcome == .failed)
                    #expect(result.failure?.contains(reason) == true, "\(result.failure ?? "")")
                    #expect(try await queue.fetch(id)?.status == .failed)
                }
                let id = try await queue.enqueue("sum", 1, 2)
                #expect(try await queue.wait(for: id, patience: .seconds(30)).value(as: Int.self) == 3)
            }
        }
    }

    @Test func retriesAtOnceAndLaterUntilNoneAreLeft() async throws {
        struct Broken: Error {}
        var handlers = HandlerRegistry()
        handlers.register("broken") { (_: NoArguments, _) in throw Broken() }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let log = EventLog()
            let worker = try worker(redis, registry, log: log)
            try await withWorker(worker) {
                let retry = RetryPolicy(maximum: 2, intervals: [.zero, .milliseconds(300)])
                let id = try await queue.enqueue("broken", options: .init(retry: retry))
                let result = try await queue.wait(for: id, patience: .seconds(30))
                #expect(result.failure?.contains("Broken") == true)
                let job = try #require(try await queue.fetch(id))
                #expect(job.executions == 3 && job.retriesLeft == 0 && job.status == .failed)
            }
            let next = log.events.compactMap { event -> WorkerEvent.AfterFailure? in
                if case .failed(_, _, let next) = event { next } else { nil }
            }
            #expect(next == [.requeued, .scheduled, .failed])
        }
    }

    @Test func runsAtMostItsConcurrencyAndPrefersTheFirstQueue() async throws {
        let gate = Gate()
        let running = Mutex((now: 0, most: 0))
        var handlers = HandlerRegistry()
        handlers.register("note") { (_: String, _) in
            running.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            try await gate.pass()
            running.withLock { $0.now -= 1 }
        }
        let registry = handlers
        try await withRedis { redis in
            for name in ["low", "high"] {
                _ = try await redis.queue(name).enqueue((0..<10).map { try NewJob("note", "\(name)\($0)") })
            }
            let log = EventLog()
            let worker = try worker(redis, registry, queues: ["high", "low"], log: log) {
                $0.concurrency = 3; $0.burst = true
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await worker.run() }
                await log.wait(for: { if case .taken = $0 { true } else { false } }, count: 3)
                #expect(worker.running.count == 3)
                gate.open()
                try await group.waitForAll()
            }
            #expect(running.withLock { $0.most } <= 3)
            let taken = log.events.compactMap { if case .taken(let info) = $0 { info.queue.text } else { nil } }
            #expect(taken == Array(repeating: "high", count: 10) + Array(repeating: "low", count: 10))
            #expect(worker.counters.finished == 20)
        }
    }

    @Test func aLostLeaseCancelsTheHandlerAndItsOutcomeIsRefused() async throws {
        let attempts = Mutex<[Int]>([])
        var handlers = HandlerRegistry()
        handlers.register("slow") { (_: NoArguments, context) in
            attempts.withLock { $0.append(context.attempt) }
            if context.attempt == 1 { try await Gate().pass() }
            return context.attempt
        }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let log = EventLog()
            let worker = try worker(redis, registry, log: log) { $0.lease = .seconds(1) }
            try await withWorker(worker) {
                let id = try await queue.enqueue("slow")
                await log.wait(for: { if case .taken = $0 { true } else { false } })
                // As another worker's repair would: the execution is taken away, the job waits again.
                let info = try #require(worker.running.first)
                let execution = try #require(worker.state.withLock { $0.roster.entries[info.executionID]?.execution })
                let verdicts = try await redis.complete(
                    [(execution, .unfinished(begun: true))], worker: worker.name)
                #expect(verdicts == ["returned"])
                #expect(try await queue.wait(for: id, patience: .seconds(30)).value(as: Int.self) == 2)
                await log.wait(for: { $0 == .leaseLost(info) })
            }
            #expect(attempts.withLock { $0 } == [1, 2])
            #expect(worker.counters.leasesLost == 1 && worker.counters.failed == 0)
        }
    }

    @Test func aStaleOutcomeIsRefusedCountedAndChangesNothing() async throws {
        let gate = Gate()
        var handlers = HandlerRegistry()
        handlers.register("slow") { (_: NoArguments, context) in
            if context.attempt == 1 { try await gate.pass() }
            return context.attempt
        }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let log = EventLog()
            // The lease is long, so the worker does not notice that it was taken away.
            let worker = try worker(redis, registry, log: log) { $0.lease = .seconds(300) }
            try await withWorker(worker) {
                let id = try await queue.enqueue("slow")
                await log.wait(for: { if case .taken = $0 { true } else { false } })
                let info = try #require(worker.running.first)
                try await redis.client.send(
                    RedisCommand("ZADD", "rq:lease:q", "1", RedisArgument("\(id):\(info.executionID)")))
                #expect(try await queue.wait(for: id, patience: .seconds(30)).value(as: Int.self) == 2)
                gate.open()
                await log.wait(for: {
                    guard case .staleCompletionRefused(let late) = $0 else { return false }
                    return late.executionID == info.executionID
                })
                #expect(try await queue.result(of: id)?.value(as: Int.self) == 2)
            }
            #expect(worker.counters.staleCompletionsRefused == 1 && worker.counters.recovered == 1)
        }
    }

    @Test func longJobsKeepTheirLease() async throws {
        let gate = Gate()
        var handlers = HandlerRegistry()
        handlers.register("long") { (_: NoArguments, context) in
            let begin = context.leaseDeadline
            // Until the lease was renewed twice, which is longer than it lasts by itself.
            while context.leaseDeadline < begin.advanced(by: .milliseconds(3600)) {
                try await context.runtime.sleep(for: .milliseconds(10))
            }
            return context.attempt
        }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let worker = try worker(redis, registry) { $0.lease = .seconds(3) }
            try await withWorker(worker) {
                let id = try await queue.enqueue("long")
                #expect(try await queue.wait(for: id, patience: .seconds(30)).value(as: Int.self) == 1)
            }
            #expect(worker.counters.recovered == 0 && worker.counters.leasesLost == 0)
        }
        gate.open()
    }

    @Test func theJobsOfADeadWorkerRunAgainWithinSeconds() async throws {
        var handlers = HandlerRegistry()
        handlers.register("f") { (_: NoArguments, context) in [context.attempt, context.crashes] }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let ids = try await queue.enqueue((0..<20).map { _ in try NewJob("f") })
            #expect(try await redis.take(20, from: "q", lease: .milliseconds(500)).count == 20)
            let log = EventLog()
            let worker = try worker(redis, registry, log: log)
            try await withWorker(worker) {
                for id in ids {
                    let result = try await queue.wait(for: id, patience: .seconds(30))
                    #expect(try result.value(as: [Int].self) == [2, 1])
                }
            }
            #expect(worker.counters.recovered == 20)
        }
    }

    @Test func aTimeoutFailsTheJobAndCancelsItsHandler() async throws {
        var handlers = HandlerRegistry()
        handlers.register("slow") { (_: NoArguments, _) in try await Gate().pass() }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            try await withWorker(try worker(redis, registry)) {
                let id = try await queue.enqueue("slow", options: .init(timeout: .seconds(1)))
                let result = try await queue.wait(for: id, patience: .seconds(30))
                #expect(result.failure?.contains("took longer than 1.0 s") == true)
            }
        }
    }

    @Test func shutdownWaitsForTheRunningJobs() async throws {
        let gate = Gate()
        var handlers = HandlerRegistry()
        handlers.register("slow") { (_: NoArguments, _) in try await gate.pass() }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let ids = try await queue.enqueue([try NewJob("slow"), try NewJob("slow")])
            let log = EventLog()
            let worker = try worker(redis, registry, log: log) { $0.concurrency = 1 }
            try await withWorker(worker) {
                await log.wait(for: { if case .taken = $0 { true } else { false } })
                worker.shutdown()
                gate.open()
            }
            #expect(try await queue.fetch(ids[0])?.status == .finished)
            #expect(try await queue.waiting() == [ids[1]])
            #expect(try await redis.text("SCARD", "rq:workers") == "0")
        }
    }

    @Test(arguments: [false, true]) func whatIsUnfinishedIsGivenBackWithoutSpendingARetry(_ listens: Bool) async throws
    {
        let gate = Gate()
        var handlers = HandlerRegistry()
        handlers.register("slow") { (_: NoArguments, _) in
            // One that does not listen ends only when the test lets it.
            if listens {
                try await Gate().pass()
            } else {
                await withCheckedContinuation { c in gate.whenOpen { c.resume() } }
            }
        }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let retry = JobOptions(retry: .init(maximum: 1))
            let ids = try await queue.enqueue([try NewJob("slow", options: retry), try NewJob("other")])
            let log = EventLog()
            let worker = try worker(redis, registry, log: log) {
                $0.concurrency = 1
                $0.unwinding = .milliseconds(50)
            }
            try await withWorker(worker) {
                await log.wait(for: { if case .taken = $0 { true } else { false } })
                worker.shutdown()
                worker.shutdown()
                await log.wait(for: { if case .returned = $0 { true } else { false } })
                gate.open()
            }
            #expect(try await queue.waiting() == ids)
            let job = try #require(try await queue.fetch(ids[0]))
            #expect(job.status == .queued && job.retriesLeft == 1 && job.crashes == 0 && job.executions == 1)
            #expect(worker.counters.failed == 0 && worker.counters.returned == 1)
        }
    }

    @Test func theGraceEndsByItself() async throws {
        var handlers = HandlerRegistry()
        handlers.register("slow") { (_: NoArguments, _) in try await Gate().pass() }
        let registry = handlers
        try await withRedis { redis in
            let id = try await redis.queue("q").enqueue("slow")
            let log = EventLog()
            let worker = try worker(redis, registry, log: log) { $0.grace = .milliseconds(50) }
            try await withWorker(worker) {
                await log.wait(for: { if case .taken = $0 { true } else { false } })
            }
            #expect(try await redis.queue("q").waiting() == [id])
        }
    }

    @Test func cancellingTheRunGivesBackWhatIsUnfinished() async throws {
        var handlers = HandlerRegistry()
        handlers.register("slow") { (_: NoArguments, _) in try await Gate().pass() }
        let registry = handlers
        try await withRedis { redis in
            let ids = try await redis.queue("q").enqueue([try NewJob("slow"), try NewJob("slow")])
            let log = EventLog()
            let worker = try worker(redis, registry, log: log)
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await worker.run() }
                await log.wait(for: { if case .taken = $0 { true } else { false } }, count: 2)
                group.cancelAll()
            }
            #expect(Set(try await redis.queue("q").waiting()) == Set(ids))
            #expect(worker.counters.returned == 2 && worker.counters.failed == 0)
        }
    }

    @Test func aTakeWhoseReplyWasLostIsGivenBack() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("f")
            let worker = try worker(redis, HandlerRegistry())
            _ = try await redis.take(from: "q", worker: worker.name, lease: .seconds(300))
            try await worker.reconcile()
            let job = try #require(try await queue.fetch(id))
            #expect(job.status == .queued && job.crashes == 0)
        }
    }

    @Test func aWorkerWhoseNameAnotherHasTakenGivesNothingBack() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("f")
            let worker = try worker(redis, HandlerRegistry())
            _ = try await redis.take(from: "q", worker: worker.name, lease: .seconds(300))
            try await redis.client.send(
                RedisCommand("HSET", RedisArgument("rq:worker:\(worker.name)"), "hf_instance", "another"))
            try await worker.reconcile()
            #expect(try await queue.fetch(id)?.status == .started, "the execution may be the other's")
            try await redis.client.send(RedisCommand("DEL", RedisArgument("rq:worker:\(worker.name)")))
            try await worker.reconcile()
            #expect(try await queue.fetch(id)?.status == .queued)
        }
    }

    @Test func idleWorkersNoticeEveryQueueAndDoNotPoll() async throws {
        var handlers = HandlerRegistry()
        handlers.register("f") { (_: NoArguments, _) in }
        let registry = handlers
        try await withRedis { redis in
            // More queues than are watched; maintenance looks at the rest.
            let names = (0..<10).map { "q\($0)" }
            let worker = try worker(redis, registry, queues: names) { $0.maintenanceInterval = .seconds(1) }
            try await withWorker(worker) {
                for name in names {
                    let queue = try redis.queue(name)
                    let id = try await queue.enqueue("f")
                    _ = try await queue.wait(for: id, patience: .seconds(30))
                }
            }
            // Asked for work after each job and at each tick, not in a loop.
            let stats = try await redis.text("INFO", "commandstats") ?? ""
            let calls =
                stats.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_lrange:") }?
                .split(separator: "=")[1].split(separator: ",").first.flatMap { Int($0) } ?? 0
            #expect(calls < 10 * 60, "\(calls) pops for 10 jobs")
        }
    }

    @Test func aSecondWorkerOfTheSameNameIsRefused() async throws {
        try await withRedis { redis in
            let log = EventLog()
            let first = try worker(redis, HandlerRegistry(), log: log) { $0.name = "same" }
            let second = try worker(redis, HandlerRegistry()) { $0.name = "same" }
            try await withWorker(first) {
                await log.wait(for: { if case .started = $0 { true } else { false } })
                await #expect { try await second.run() } throws: { ($0 as? JobsError)?.code == .nameInUse }
            }
        }
    }

    /// It stood still so long that its record expired, and somebody else took its name.
    @Test func aWorkerWhoseNameWasTakenEndsAtOnceAndSaysWhy() async throws {
        let gate = Gate()
        var handlers = HandlerRegistry()
        handlers.register("gated") { (_: NoArguments, _) in try await gate.pass() }
        let registry = handlers
        try await withRedis { redis in
            let log = EventLog()
            let worker = try worker(redis, registry, log: log) { $0.name = "same" }
            let id = try await redis.queue("q").enqueue("gated")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    await #expect { try await worker.run() } throws: { error in
                        let error = error as? JobsError
                        return error?.code == .nameInUse && error?.message.contains("has registered as same") == true
                    }
                }
                await log.wait(for: { if case .taken = $0 { true } else { false } })
                try await redis.client.send(RedisCommand("HSET", "rq:worker:same", "hf_instance", "another"))
                try await group.waitForAll()
            }
            // Its job is given back, and the other's record left alone.
            #expect(worker.counters.returned == 1)
            #expect(try await redis.queue("q").waiting() == [id])
            #expect(try await redis.text("HGET", "rq:worker:same", "hf_instance") == "another")
        }
    }

    @Test func impossibleConfigurationsAreRefused() async throws {
        try await withRedis { redis in
            func refuses(_ queues: [String] = ["q"], _ change: (inout WorkerConfiguration) -> Void = { _ in }) {
                #expect(throws: JobsError.self) { try worker(redis, HandlerRegistry(), queues: queues, change) }
            }
            refuses([])
            refuses(["q", "q"])
            refuses { $0.concurrency = 0 }
            refuses { $0.lease = .milliseconds(1) }
            refuses { $0.crashLimit = 0 }
            refuses { $0.maintenanceInterval = .zero }
            refuses { $0.name = "a b" }
            refuses { $0.grace = .seconds(-1) }
        }
    }
}
