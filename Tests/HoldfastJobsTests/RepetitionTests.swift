import HoldfastRedis
import HoldfastRuntime
import Synchronization
import Testing

@testable import HoldfastJobs

/// Running again: after a success, after a failure, and when a handler asks for it.
@Suite(.timeLimit(.minutes(1))) struct RepetitionTests {
    @Test func aRepeatedJobRunsAgainAfterEachSuccess() async throws {
        let runs = Mutex(0)
        var handlers = HandlerRegistry()
        handlers.register("tick") { (_: NoArguments, _) in
            runs.withLock {
                $0 += 1; return $0
            }
        }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("tick", options: [.repeated(2, every: .zero)])
            try await redis.burst(registry)
            #expect(runs.withLock { $0 } == 3)
            let job = try #require(try await queue.fetch(id))
            #expect(job.status == .finished && job.repeatsLeft == 0)
            #expect(try await redis.text("XLEN", RedisArgument("rq:results:\(id)")) == "3")
            #expect(try await queue.result(of: id)?.value(as: Int.self) == 3)
        }
    }

    @Test func repeatsWaitTheirIntervalsInTurn() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue(
                "tick", options: [.repeated(3, every: .seconds(100), .seconds(200)), .unique("k")])
            var dues: [Double] = []
            for _ in 0..<3 {
                _ = try await redis.finish(redis.take(from: "q", lease: .seconds(60))[0], value: "1")
                let job = try #require(try await queue.fetch(id))
                #expect(job.status == .scheduled)
                let due = try #require(try await queue.scheduled().first).due
                dues.append(due.seconds - (try #require(job.endedAt)).seconds)
                await #expect(throws: JobsError.self) { try await queue.enqueue("tick", options: [.unique("k")]) }
                try await redis.client.send(RedisCommand("ZADD", "rq:scheduled:q", "1", RedisArgument(id.text)))
                #expect(try await redis.promote("q") == 1)
            }
            #expect(dues.map { Int($0.rounded()) } == [100, 200, 200])
            _ = try await redis.finish(redis.take(from: "q", lease: .seconds(60))[0], value: "1")
            #expect(try await queue.fetch(id)?.status == .finished)
            let ttl = try #require(Int(try await redis.text("TTL", RedisArgument("rq:job:\(id)")) ?? ""))
            #expect((1...500).contains(ttl))
        }
    }

    @Test func aHandlerMayPutItsJobOff() async throws {
        let runs = Mutex(0)
        var handlers = HandlerRegistry()
        handlers.register("later") { (_: NoArguments, context) in
            let run = runs.withLock {
                $0 += 1; return $0
            }
            if run < 3 { throw RetryLater(after: .zero, "not yet") }
            return context.attempt
        }
        handlers.register("never-ready") { (_: NoArguments, _) in throw RetryLater(after: .zero, maximum: 2, "not yet")
        }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("later", options: [.retry(RetryPolicy(maximum: 5))])
            let bounded = try await queue.enqueue("never-ready")
            try await redis.burst(registry)
            // Three executions, and no retry spent.
            let result = try await queue.wait(for: id, patience: .seconds(5))
            #expect(try result.outcome == .successful && result.value(as: Int.self) == 3)
            #expect(try await queue.fetch(id)?.retriesLeft == 5)
            #expect(try await redis.text("HGET", RedisArgument("rq:job:\(id)"), "number_of_retries") == "2")
            let failure = try await queue.wait(for: bounded, patience: .seconds(5))
            #expect(failure.outcome == .failed && failure.failure?.contains("not yet") == true)
            #expect(try await queue.fetch(bounded)?.executions == 3)
        }
    }

    @Test func aJobThatIsPutOffIsScheduledToTheMillisecond() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("f")
            let execution = try await redis.take(from: "q", lease: .seconds(60))[0]
            let outcome = Outcome.later(reason: "busy", pause: .milliseconds(30_250), maximum: 5)
            #expect(try await redis.complete([(execution, outcome)]) == ["scheduled"])
            let job = try #require(try await queue.fetch(id))
            let due = try #require(try await queue.scheduled().first).due
            #expect(abs(due.seconds - (try #require(job.endedAt)).seconds - 30.25) < 0.002)
            #expect(try await queue.result(of: id)?.outcome == .retried)
            #expect(try await redis.complete([(execution, outcome)]) == ["repeated"])
        }
    }

    /// The pause of a policy with jitter is the drawn part of its interval, and of one without the whole.
    @Test(arguments: [0, 0.5, 1]) func pausesAreDrawn(_ jitter: Double) async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue(
                "f", options: [.retry(RetryPolicy(maximum: 1, intervals: [.seconds(100)], jitter: jitter))])
            let execution = try await redis.take(from: "q", lease: .seconds(60))[0]
            let verdict = try await redis.complete([(execution, .failure(reason: "x", retry: .policy))])
            #expect(verdict == ["scheduled"])
            let job = try #require(try await queue.fetch(id))
            let due = try #require(try await queue.scheduled().first).due
            let expected = 100 * (1 - jitter + jitter * execution.chance)
            #expect(abs(due.seconds - (try #require(job.endedAt)).seconds - expected) < 0.002)
            #expect(job.retriesLeft == 0)
        }
    }

    @Test func aQueueKeepsTheLastOnes() async throws {
        var handlers = HandlerRegistry()
        handlers.register("fine") { (number: Int, _) in number }
        handlers.register("broken") { (_: Int, _) in throw PermanentFailure("no") }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            try await queue.retain(.init(finished: 3, failed: 1))
            #expect(try await queue.retained() == .init(finished: 3, failed: 1))
            let ids = try await queue.enqueue(
                (0..<8).map { try NewJob("fine", $0) } + (0..<4).map { try NewJob("broken", $0) })
            try await redis.burst(registry) { $0.concurrency = 1 }
            let counts = try await queue.counts()
            #expect(counts.finished == 3 && counts.failed == 1)
            for (index, id) in ids.enumerated() {
                let isKept = (5..<8).contains(index) || index == 11
                #expect((try await queue.fetch(id) != nil) == isKept, "\(index)")
                #expect((try await queue.result(of: id) != nil) == isKept, "\(index)")
            }
            try await queue.retain(.init())
            #expect(try await queue.retained() == .init())
            #expect(try await redis.text("EXISTS", "rq:hf:keep:q") == "0")
        }
    }
}
