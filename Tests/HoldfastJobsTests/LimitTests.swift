import HoldfastRedis
import HoldfastRuntime
import Synchronization
import Testing

@testable import HoldfastJobs

/// RQ 3.0's limits by key, and our rates. After each test the invariants hold: no limit lets in more than it says.
@Suite(.serialized, .timeLimit(.minutes(2))) struct LimitTests {
    private func worker(
        _ redis: Fixture, concurrency: Int = 8, handlers: HandlerRegistry
    ) throws -> Worker {
        var configuration = WorkerConfiguration()
        configuration.concurrency = concurrency
        configuration.maintenanceInterval = .milliseconds(50)
        return try Worker(
            queues: [QueueName("q"), QueueName("p")], client: redis.client, handlers: handlers,
            configuration: configuration)
    }

    private func jobs(_ count: Int, _ options: JobOption...) throws -> [NewJob] {
        try (0..<count).map { try NewJob("f", $0, options: JobOptions().adding(options)) }
    }

    @Test func noMoreThanTheLimitAreOnAndTheOldestComesFirst() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let ids = try await queue.enqueue(try jobs(5, .limit("api", concurrency: 2)))
            #expect(try await queue.waiting() == Array(ids[0..<2]))
            #expect(try await queue.fetch(ids[2])?.status == .rateLimited)
            let use = try #require(try await JobAdministration(redis.client).limits().first)
            #expect(use.limit == JobLimit("api", concurrency: 2) && use.allowed == 2 && use.waiting == 3)

            let taken = try await redis.take(5, from: "q", lease: .seconds(60))
            #expect(taken.map(\.job) == Array(ids[0..<2]), "who runs holds its place")
            #expect(try await queue.waiting() == [])
            #expect(try await redis.complete([(taken[1], .success(nil))]) == ["finished"])
            #expect(try await queue.waiting() == [ids[2]], "a place that is free goes to the next at once")
            #expect(
                try await redis.complete([(taken[0], .failure(reason: "no", retry: .never))]) == ["failed"])
            #expect(try await queue.waiting() == [ids[2], ids[3]])
        }
    }

    @Test func theLimitHoldsAcrossQueuesWorkersAndCrashes() async throws {
        let running = Atomic(0)
        let peak = Atomic(0)
        var handlers = HandlerRegistry()
        handlers.register("f") { (_: Int, context) in
            peak.max(running.add(1, ordering: .sequentiallyConsistent).newValue, ordering: .sequentiallyConsistent)
            try await context.runtime.sleep(for: .milliseconds(2))
            running.subtract(1, ordering: .sequentiallyConsistent)
            if context.attempt == 1 { throw PermanentFailure("no") }
        }
        let registry = handlers
        try await withRedis { redis in
            let queues = [try redis.queue("q"), try redis.queue("p")]
            for queue in queues { try await queue.enqueue(try jobs(20, .limit("api", concurrency: 3))) }
            // Two of them are lost with their worker, and hold their places until they are repaired.
            _ = try await redis.take(2, from: "q", lease: .milliseconds(50))
            let workers = [try worker(redis, handlers: registry), try worker(redis, handlers: registry)]
            try await withWorker(workers[0]) {
                try await withWorker(workers[1]) {
                    while workers.reduce(0, { $0 + $1.counters.failed + $1.counters.finished }) < 40 {
                        try await redis.client.runtime.sleep(for: .milliseconds(5))
                    }
                }
            }
            #expect(peak.load(ordering: .sequentiallyConsistent) <= 3)
            #expect(peak.load(ordering: .sequentiallyConsistent) > 1, "it is no lock either")
            #expect(try await redis.text("SCARD", "rq:rl-keys") ?? "" <= "1")
        }
    }

    @Test func aRetryAfterAPauseGivesItsPlaceUpAndOneAtOnceKeepsIt() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let policy = RetryPolicy(maximum: 3, intervals: [.seconds(3600)])
            let paused = try await queue.enqueue(try jobs(2, .limit("slow", concurrency: 1), .retry(policy)))
            let first = try await redis.take(from: "q", lease: .seconds(60))
            let failure = Outcome.failure(reason: "no", retry: .policy)
            #expect(try await redis.complete([(first[0], failure)]) == ["scheduled"])
            #expect(try await queue.waiting() == [paused[1]])

            let other = try redis.queue("p")
            let atOnce = try await other.enqueue(
                try jobs(2, .limit("fast", concurrency: 1), .retry(RetryPolicy(maximum: 3))))
            let second = try await redis.take(from: "p", lease: .seconds(60))
            #expect(try await redis.complete([(second[0], failure)]) == ["requeued"])
            #expect(try await other.waiting() == [atOnce[0]])
        }
    }

    @Test func comingToTheFrontOnceIsNoHabit() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let policy = RetryPolicy(maximum: 3, intervals: [.seconds(3600), .seconds(7200)], atFront: true)
            let id = try await queue.enqueue(try jobs(1, .limit("slow", concurrency: 1), .retry(policy)))[0]
            let plain = try await queue.enqueue(try jobs(1))[0]
            let failure = Outcome.failure(reason: "no", retry: .policy)
            let first = try await redis.take(from: "q", lease: .seconds(60))
            #expect(try await redis.complete([(first[0], failure)]) == ["scheduled"])
            try await redis.client.send(RedisCommand("ZADD", "rq:scheduled:q", "1", RedisArgument(id.text)))
            _ = try await redis.client.run(JobScripts.promote, keys: [], arguments: ["rq", 10, "q"])
            #expect(try await queue.waiting() == [id, plain], "as its retries are meant to")
            for field in ["enqueue_at_front", "hf_front"] {
                #expect(
                    try await redis.text("HEXISTS", RedisArgument("rq:job:\(id)"), RedisArgument(field)) == "0",
                    "\(field)")
            }
        }
    }

    @Test func whatEndsInAnotherWayGivesItsPlaceBackWithTheNextMaintenance() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let ids = try await queue.enqueue(try jobs(4, .limit("api", concurrency: 1)))
            let administration = JobAdministration(redis.client)
            try await administration.cancel(ids[0])
            try await administration.delete(ids[2])
            try await redis.refill()
            #expect(try await queue.waiting() == [ids[1]])
            let taken = try await redis.take(from: "q", lease: .seconds(60))
            try await administration.delete(taken[0].job, evenIfRunning: true)
            try await redis.refill()
            #expect(try await queue.waiting().isEmpty, "its handler may not have heard of it yet")
            try await redis.expectLingering(taken[0], lease: .seconds(60))
            try await redis.part(taken[0])
            try await redis.refill()
            #expect(try await queue.waiting() == [ids[3]])
            try await administration.delete(ids[3])
            try await redis.refill()
            #expect(try await administration.limits().isEmpty, "a limit without jobs is forgotten")
        }
    }

    @Test func aStoppedJobKeepsItsPlaceWhileItsHandlerMayGoOn() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let ids = try await queue.enqueue(try jobs(2, .limit("api", concurrency: 1)))
            let taken = try await redis.take(from: "q", lease: .seconds(60))
            #expect(try await JobAdministration(redis.client).stop(ids[0]).count == 1)
            try await redis.refill()
            #expect(try await queue.waiting().isEmpty)
            try await redis.expectLingering(taken[0], lease: .seconds(60))
            try await redis.part(taken[0])
            try await redis.refill()
            #expect(try await queue.waiting() == [ids[1]])
        }
    }

    @Test func oneBrokenKeyKeepsNoOtherLimitFromItsMaintenance() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            for key in ["a", "b", "c"] { try await queue.enqueue(try jobs(2, .limit(key, concurrency: 1))) }
            let waiting = try await queue.waiting()
            for id in waiting { try await JobAdministration(redis.client).delete(id) }
            try await redis.client.send(RedisCommand("RENAME", "rq:rl:b:allowed", "rq:rl:b:other"))
            try await redis.client.send(RedisCommand("SET", "rq:rl:b:allowed", "something else"))
            let reply = try await redis.client.run(JobScripts.refill, keys: [], arguments: ["rq", 1])
            #expect(reply.text?.contains("WRONGTYPE") == true)
            #expect(try await queue.waiting().count == 2, "of a and c; nothing is let in where nobody can count")
            try await redis.client.send(RedisCommand("RENAME", "rq:rl:b:other", "rq:rl:b:allowed"))
            try await redis.refill()
            #expect(try await queue.waiting().count == 3)
        }
    }

    @Test func aJobThatRunsHoldsItsPlaceWhateverItsRecordSays() async throws {
        try await withRedis(leaving: [.place, .execution]) { redis in
            let queue = try redis.queue("q")
            let ids = try await queue.enqueue(try jobs(2, .limit("api", concurrency: 1)))
            _ = try await redis.take(from: "q", lease: .seconds(60))
            try await redis.client.send(
                RedisCommand("HSET", RedisArgument("rq:job:\(ids[0])"), "status", "canceled"))
            try await redis.refill()
            #expect(try await queue.waiting() == [], "its execution is registered")
        }
    }

    @Test func scheduledAndDependentJobsTakeTheirPlaceWhenTheirTimeComes() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let parent = try await queue.enqueue("f", options: [.limit("api", concurrency: 1)])
            let child = try await queue.enqueue("f", options: [.after(parent), .limit("api", concurrency: 1)])
            let later = try await queue.enqueue(
                "f", options: [.delay(.milliseconds(1)), .limit("api", concurrency: 1)])
            while try await queue.fetch(later)?.status == .scheduled { _ = try await redis.promote("q") }
            #expect(try await queue.fetch(later)?.status == .rateLimited)
            let first = try await redis.take(from: "q", lease: .seconds(60))
            #expect(first.map(\.job) == [parent])
            _ = try await redis.complete([(first[0], .success(nil))])
            #expect(try await queue.waiting() == [later], "it came to the line before the child was woken")
            #expect(try await queue.fetch(child)?.status == .rateLimited)
        }
    }

    /// The server's clock decides; the test sets what the limit remembers instead of waiting.
    @Test func aRateLetsInItsBurstAndThenOneAfterTheOther() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let rate = JobLimit.Rate(6, per: .seconds(3600), burst: 2)
            let ids = try await queue.enqueue(try jobs(5, .limit("api", rate: rate)))
            #expect(try await queue.waiting() == Array(ids[0..<2]))
            try await redis.refill()
            #expect(try await queue.waiting().count == 2, "600 s have not passed")
            // One interval of 600 s later.
            let due = try #require(try await redis.text("GET", "rq:hf:due:api").flatMap(Double.init))
            try await redis.client.send(
                RedisCommand("SET", "rq:hf:due:api", RedisArgument(String(due - 600)), "EX", 600))
            try await redis.refill()
            #expect(try await queue.waiting() == Array(ids[0..<3]))
            // A long pause gives a burst, and no more.
            try await redis.client.send(RedisCommand("DEL", "rq:hf:due:api"))
            try await redis.refill()
            #expect(try await queue.waiting() == Array(ids[0..<5]))
            let use = try #require(try await JobAdministration(redis.client).limits().first)
            #expect(use.limit.rate == rate)
        }
    }

    @Test func aRateThatIsRelaxedHoldsNobodyUpForTheOldOne() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let slow = try await queue.enqueue(try jobs(3, .limit("api", rate: .init(2, per: .seconds(86_400)))))
            #expect(try await queue.waiting() == Array(slow[0..<2]))
            let quick = try await queue.enqueue(
                try jobs(1, .limit("api", rate: .init(1000, per: .seconds(1), burst: 1))))
            while try await queue.waiting().count < 4 { try await redis.refill() }
            #expect(try await queue.waiting() == slow + quick)
        }
    }

    /// The last job that is enqueued decides; one that comes again, and Python's, do not.
    @Test func anOlderJobThatComesAgainDoesNotBringItsLimitBack() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let policy = RetryPolicy(maximum: 3, intervals: [.milliseconds(1000)])
            try await queue.enqueue(try jobs(1, .limit("api", concurrency: 5), .retry(policy)))
            let old = try await redis.take(from: "q", lease: .seconds(60))
            #expect(try await redis.complete([(old[0], .failure(reason: "no", retry: .policy))]) == ["scheduled"])
            try await queue.enqueue(try jobs(3, .limit("api", concurrency: 1)))
            while try await queue.fetch(old[0].job)?.status == .scheduled { _ = try await redis.promote("q") }
            #expect(try await queue.waiting().count == 1)
            #expect(try await JobAdministration(redis.client).limits().first?.limit.concurrency == 1)
        }
    }

    @Test func aQueueThatCannotBeUsedHoldsNoPlaceOfOthers() async throws {
        try await withRedis { redis in
            let (queue, other) = (try redis.queue("q"), try redis.queue("p"))
            let first = try await queue.enqueue(try jobs(1, .limit("api", concurrency: 1)))
            let broken = try await other.enqueue(try jobs(1, .limit("api", concurrency: 1)))
            let last = try await queue.enqueue(try jobs(1, .limit("api", concurrency: 1)))
            try await redis.client.send(RedisCommand("SET", "rq:queue:p", "something else"))
            let taken = try await redis.take(from: "q", lease: .seconds(60))
            #expect(taken.map(\.job) == first)
            let now = redis.client.runtime.now
            let completion = Completion(
                execution: taken[0], outcome: .success(nil), begunAt: taken[0].claimedAt, span: .zero, endedAt: now)
            #expect(try await redis.record([completion]).verdicts == ["finished"])
            try await redis.refill()
            #expect(try await queue.waiting() == last)
            try await redis.client.send(RedisCommand("DEL", "rq:queue:p"))
            let second = try await redis.take(from: "q", lease: .seconds(60))
            _ = try await redis.complete([(second[0], .success(nil))])
            #expect(try await other.waiting() == broken, "it is let in when its queue is a queue again")
        }
    }

    @Test func aRateIsKeptByWorkers() async throws {
        var handlers = HandlerRegistry()
        handlers.register("f") { (_: Int, _) in }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let rate = JobLimit.Rate(20, per: .seconds(1), burst: 1)
            let ids = try await queue.enqueue(try jobs(8, .limit("api", rate: rate)))
            let worker = try worker(redis, handlers: registry)
            try await withWorker(worker) {
                for id in ids { _ = try await queue.wait(for: id, patience: .seconds(60)) }
            }
            var begun: [WallTime] = []
            for id in ids { begun.append(try #require(try await queue.fetch(id)?.enqueuedAt)) }
            for (earlier, later) in zip(begun, begun.dropFirst()) {
                #expect(later.microseconds - earlier.microseconds >= 49_900)
            }
        }
    }

    @Test(arguments: [
        JobLimit("", concurrency: 1), JobLimit("x", concurrency: 0), JobLimit("x:allowed", concurrency: 1),
        JobLimit(String(repeating: "x", count: 257), concurrency: 1),
        JobLimit("x", rate: .init(1_000_000, per: .seconds(1))),
        JobLimit("x", rate: .init(1, per: .seconds(1), burst: 0)),
        JobLimit("x", rate: .init(1, per: .zero)),
    ])
    func limitsThatMakeNoSenseAreRefused(_ limit: JobLimit) throws {
        var options = JobOptions()
        options.limit = limit
        #expect(throws: JobsError.self) { _ = try NewJob("f", options: options).fields(queue: QueueName("q")) }
    }
}

extension Fixture {
    /// An execution that was taken away is on its job's list until its lease would have ended.
    fileprivate func expectLingering(_ execution: Execution, lease: Duration) async throws {
        let list = RedisArgument("rq:executions:\(execution.job)")
        let end = try #require(Double(try await text("ZSCORE", list, RedisArgument(execution.id)) ?? ""))
        let now = try #require(Double(try await client.send(RedisCommand("TIME")).array?.first?.text ?? ""))
        #expect(end > now + lease.seconds / 2 && end <= now + lease.seconds + 1)
        let left = try #require(Int(try await text("TTL", list) ?? ""))
        #expect(left > 0 && Double(left) <= lease.seconds + 2)
    }

    /// What a worker says when the handler of one has ended.
    func part(_ execution: Execution) async throws {
        let list = RedisArgument("rq:executions:\(execution.job)")
        try await client.send(RedisCommand("ZREM", list, RedisArgument(execution.id)))
    }

    /// One pass of maintenance over limits and the scheduled.
    fileprivate func refill() async throws {
        try await client.send(RedisCommand("DEL", "rq:hf:refill"))
        try await client.run(JobScripts.refill, keys: [], arguments: ["rq", 1])
        try await client.send(RedisCommand("DEL", "rq:hf:refill"))
    }
}
