import HoldfastRedis
import HoldfastRuntime
import Testing

@testable import HoldfastJobs

/// What an operator does to queues and workers.
@Suite(.timeLimit(.minutes(1))) struct OperatingTests {
    @Test func emptyingLeavesWhatRunsAndWhatIsOver() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let running = try await queue.enqueue("f")
            let execution = try await redis.take(from: "q", lease: .seconds(60))[0]
            let ids = try await queue.enqueue((0..<1201).map { try NewJob("f", $0) })
            // Somebody pushed the running one a second time.
            try await redis.client.send(RedisCommand("RPUSH", "rq:queue:q", RedisArgument(running.text)))
            #expect(try await JobAdministration(redis.client).empty(queue.name) == 1201)
            #expect(try await queue.counts().queued == 0)
            #expect(try await queue.fetch(ids[600]) == nil)
            #expect(try await redis.finish(execution, value: "1") == "finished")
            #expect(try await JobAdministration(redis.client).empty(queue.name) == 0)
        }
    }

    @Test func aDeadWorkersJobsComeBackAtOnceAndALiveOneIsLeftAlone() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let ids = try await queue.enqueue([try NewJob("f"), try NewJob("f")])
            let executions = try await redis.take(2, from: "q", worker: "dead", lease: .seconds(3600))
            let administration = JobAdministration(redis.client)
            try await redis.client.send(
                RedisCommand("HSET", "rq:worker:dead", "queues", "q", "birth", "2026-01-01T00:00:00.000000Z"))
            for set in ["rq:workers", "rq:workers:q"] {
                try await redis.client.send(RedisCommand("SADD", RedisArgument(set), "rq:worker:dead"))
            }
            let refusal = await #expect(throws: JobsError.self) { try await administration.forget(worker: "dead") }
            #expect(refusal?.code == .wrongState)
            #expect(try await queue.counts().started == 2)
            #expect(try await administration.forget(worker: "dead", evenIfAlive: true) == 2)
            #expect(Set(try await queue.waiting()) == Set(ids))
            #expect(try await queue.fetch(ids[0])?.crashes == 0)
            #expect(try await redis.finish(executions[0], worker: "dead", value: "1") == "stale")
            #expect(try await redis.keys(like: "rq:worker*").isEmpty)
            let unknown = await #expect(throws: JobsError.self) { try await administration.forget(worker: "dead") }
            #expect(unknown?.code == .noSuchWorker)
        }
    }

    @Test func queuesAreMeasured() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("f")
            try await redis.queue("p").enqueue("f")
            _ = try await redis.take(from: "p", lease: .seconds(60))
            try await redis.client.send(
                RedisCommand("HSET", RedisArgument("rq:job:\(id)"), "enqueued_at", "2001-09-09T01:46:40Z"))
            try await JobAdministration(redis.client).pause(queue.name)
            try await JobAdministration(redis.client).suspend(for: .seconds(600))
            let overview = try await JobsOverview.read(redis.client)
            #expect(overview.isSuspended)
            let (p, q) = (overview.queues[0], overview.queues[1])
            #expect(p.name == "p" && p.counts.started == 1 && p.latency == nil && !p.isPaused)
            #expect(q.name == "q" && q.counts.queued == 1 && q.isPaused)
            let now = redis.client.runtime.wallTime.seconds
            #expect(abs((q.latency ?? .zero).seconds - (now - 1_000_000_000)) < 3600)
            #expect(try await redis.text("TTL", "rq:suspended") != "-1")
            #expect(try await JobAdministration(redis.client).resume())
            #expect(try await JobAdministration(redis.client).resume(queue.name))
            #expect(try await JobAdministration(redis.client).resume(queue.name) == false)
            #expect(try await JobsOverview.read(redis.client).isSuspended == false)
        }
    }
}
