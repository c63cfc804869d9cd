import HoldfastRedis
import HoldfastRuntime
import Testing

@testable import HoldfastJobs

/// Where a job goes: at a time, behind others, once a key, into a group.
@Suite(.timeLimit(.minutes(1))) struct PlacementTests {
    @Test func scheduledJobsWaitForTheirTime() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let far = WallTime(microseconds: 4_000_000_000_500_000)
            let later = try await queue.enqueue("f", options: [.at(far)])
            let soon = try await queue.enqueue("f", options: [.delay(.milliseconds(1))])
            let past = try await queue.enqueue("f", options: [.at(WallTime(microseconds: 1))])
            #expect(try await queue.fetch(later)?.status == .scheduled)
            #expect(try await redis.text("ZSCORE", "rq:scheduled:q", RedisArgument(later.text)) == "4000000000.5")
            #expect(try await queue.fetch(later)?.enqueuedAt == nil)
            #expect(try await queue.waiting() == [past])
            while try await redis.promote("q") == 0 {}
            #expect(try await queue.waiting() == [past, soon])
            #expect(try await queue.counts().scheduled == 1)
            #expect(try await queue.scheduled() == [ScheduledJob(id: later, due: far)])
        }
    }

    @Test func aScheduledJobMayGoToTheFrontAndExpireThere() async throws {
        try await withRedis(leaving: [.dangling]) { redis in
            let queue = try redis.queue("q")
            let other = try await queue.enqueue("f")
            let id = try await queue.enqueue(
                "f", options: [.delay(.milliseconds(1)), .front, .queueTTL(.seconds(500))])
            #expect(try await redis.text("TTL", RedisArgument("rq:job:\(id)")) == "-1")
            while try await redis.promote("q") == 0 {}
            #expect(try await queue.waiting() == [id, other])
            let ttl = try #require(Int(try await redis.text("TTL", RedisArgument("rq:job:\(id)")) ?? ""))
            #expect((1...500).contains(ttl))
        }
    }

    @Test func dependenciesAreWaitedFor() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let parent = try JobID("parent")
            let (child, grandchild) = (try JobID("child"), try JobID("grandchild"))
            try await queue.enqueue([
                try NewJob("f", options: [.id(parent)]), try NewJob("f", options: [.id(child), .after(parent)]),
                try NewJob("f", options: [.id(grandchild), .after(parent, child)]),
            ])
            #expect(try await queue.waiting() == [parent])
            #expect(try await queue.counts().deferred == 2)
            #expect(try await queue.fetch(grandchild)?.dependencies == [parent, child])
            _ = try await redis.finish(redis.take(from: "q", lease: .seconds(60))[0], value: "1")
            #expect(try await queue.waiting() == [child])
            _ = try await redis.finish(redis.take(from: "q", lease: .seconds(60))[0], value: "1")
            #expect(try await queue.waiting() == [grandchild])
            // What has finished, or is not there, is not waited for.
            let late = try await queue.enqueue("f", options: [.after(parent, try JobID("never-was"))])
            #expect(try await queue.waiting() == [grandchild, late])
            #expect(try await redis.text("EXISTS", "rq:job:never-was:dependents") == "0")
        }
    }

    @Test func aFailedDependencyHoldsItsDependentsUnlessTheyTolerateIt() async throws {
        var handlers = HandlerRegistry()
        handlers.register("f") { (_: NoArguments, _) in throw PermanentFailure("no") }
        handlers.register("g") { (_: NoArguments, _) in 1 }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let parent = try await queue.enqueue("f")
            let strict = try await queue.enqueue("g", options: [.after(parent)])
            let tolerant = try await queue.enqueue("g", options: [.after(parent, orFailed: true)])
            try await redis.burst(registry)
            #expect(try await queue.fetch(strict)?.status == .deferred)
            #expect(try await queue.fetch(tolerant)?.status == .finished)
            // Also where nothing of the failure is kept.
            let brief = try await queue.enqueue("f", options: [.failureTTL(.span(.zero))])
            let heir = try await queue.enqueue("g", options: [.after(brief, orFailed: true)])
            try await redis.burst(registry)
            #expect(try await queue.fetch(heir)?.status == .finished)
            let another = try await queue.enqueue("g", options: [.after(parent)])
            let fine = try await queue.enqueue("g", options: [.after([parent], orFailed: true)])
            #expect(try await queue.fetch(another)?.status == .deferred)
            #expect(try await queue.waiting() == [fine])
        }
    }

    @Test(
        arguments: [
            [.after(JobID(unchecked: "a")), .delay(.seconds(1))],
            [.id(JobID(unchecked: "a")), .after(JobID(unchecked: "a"))],
            [.delay(.seconds(-1))], [.unique("")], [.repeated(0, every: .seconds(1))],
            [.webhook(Webhook("ftp://x", on: .failed))],
            [.onSuccess("a b")], [.retry(.exponential(0))], [.retry(RetryPolicy(maximum: 1, jitter: 2))],
        ] as [JobOptions])
    func refusesImpossibleOptions(_ options: JobOptions) async throws {
        try await withRedis { redis in
            await #expect { try await redis.queue("q").enqueue("f", options: options) } throws: {
                ($0 as? JobsError)?.code == .invalid
            }
            let size = try await redis.text("DBSIZE")
            #expect(size == "0")
        }
    }

    @Test func aJobOfABatchMayOnlyWaitForThoseBefore() async throws {
        try await withRedis { redis in
            let (a, b) = (try JobID("a"), try JobID("b"))
            let circle = [
                try NewJob("f", options: [.id(a), .after(b)]), try NewJob("f", options: [.id(b), .after(a)]),
            ]
            await #expect { try await redis.queue("q").enqueue(circle) } throws: {
                ($0 as? JobsError)?.code == .invalid
            }
        }
    }

    @Test func exponentialRetriesAreRQsIntervals() throws {
        let policy = RetryPolicy.exponential(6, first: .seconds(2), cap: .seconds(20))
        #expect(policy.intervals == [2, 4, 8, 16, 20, 20].map { .seconds($0) } && policy.jitter == 1)
        let fields = try policy.fields().map { "\($0.name)=\($0.value)" }
        #expect(fields == ["retries_left=6", "retry_intervals=[2, 4, 8, 16, 20, 20]", "hf_retry_jitter=1.0"])
    }

    /// A job of the batch that was adopted never existed under its own id: who waits for it names the one that does.
    @Test func dependenciesNameTheAdoptedJob() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let live = try await queue.enqueue("f", options: [.unique("k")])
            let (adopted, child) = (try JobID("adopted"), try JobID("child"))
            let ids = try await queue.enqueue([
                NewJob("f", options: [.id(adopted), .unique("k", whenLive: .adopt)]),
                NewJob("g", options: [.id(child), .after(adopted)]),
            ])
            #expect(ids == [live, child])
            #expect(try await queue.fetch(child)?.dependencies == [live])
            #expect(try await redis.text("HGET", "rq:job:child", "dependency_id") == live.text)
        }
    }
}
