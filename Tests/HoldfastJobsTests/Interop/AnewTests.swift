import HoldfastRedis
import Testing

@testable import HoldfastJobs

/// Python's `enqueue(job_id=X)` does not care whether X runs, or has ended: it means another run.
@Suite(.serialized, .timeLimit(.minutes(2))) struct AnewTests {
    @Test(arguments: Python.all, ["finished", "failed"])
    func aJobThatPythonEnqueuesAnewWhileItRunsIsRunAgain(_ python: Python, _ end: String) async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let enqueue = "q.enqueue('mytasks.add', 1, 2, job_id='again', result_ttl=100, failure_ttl=100)"
            _ = try await python.script(redis, enqueue)
            let first = try await redis.take(from: "q", lease: .seconds(60))[0]
            _ = try await python.script(redis, enqueue)
            let outcome: Outcome = end == "finished" ? .success(nil) : .failure(reason: "no", retry: .never)
            #expect(try await redis.complete([(first, outcome)]) == [end])

            let second = try await redis.take(from: "q", lease: .seconds(60))
            #expect(second.map(\.job.text) == ["again"], "the second entry means a second run")
            let counts = try await queue.counts()
            #expect(counts.finished == 0 && counts.failed == 0 && counts.started == 1, "it is in one registry")
            #expect(try await redis.text("TTL", "rq:job:again") == "-1", "and does not expire while it runs")
            #expect(try await redis.complete([(second[0], .success(nil))]) == ["finished"])
            #expect(try await queue.counts().finished == 1)
        }
    }

    /// What the second run leaves behind is not run a third time.
    @Test func anEntryOfAJobThatHasEndedSinceIsSkipped() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("f")
            try await redis.client.send(RedisCommand("RPUSH", "rq:queue:q", RedisArgument(id.text)))
            let job = try await redis.take(from: "q", lease: .seconds(60))
            #expect(job.count == 1)
            #expect(try await redis.complete([(job[0], .success(nil))]) == ["finished"])
            try await redis.client.send(RedisCommand("RPUSH", "rq:queue:q", RedisArgument(id.text)))
            #expect(try await redis.take(from: "q", lease: .seconds(60)).isEmpty)
        }
    }
}
