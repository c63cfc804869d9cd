import HoldfastRedis
import HoldfastRuntime
import Testing

@testable import HoldfastJobs

/// Batches of new ids without a placement have a section of their own in the script, which must come to the same.
@Suite(.timeLimit(.minutes(2))) struct LeanEnqueueTests {
    /// The script without that section.
    private func general() throws -> RedisScript {
        let test = "plain = plain and section.placement == ''"
        #expect(JobScripts.enqueue.source.contains(test))
        return RedisScript(name: "general", JobScripts.enqueue.source.replacing(test, with: "plain = false"))
    }

    private func call(
        _ redis: Fixture, _ script: RedisScript, _ jobs: [NewJob], trace: [UInt8]? = nil
    ) async throws -> RedisReply {
        let ids = jobs.enumerated().map { $1.options.id ?? JobID(unchecked: "j\($0)") }
        let arguments = try EnqueueSection.arguments(
            prefix: "rq", queue: QueueName("q"), zip(jobs, ids), trace: trace)
        return try await redis.client.run(script, keys: [], arguments: arguments)
    }

    /// What both ways leave, each on an empty server.
    private func compare(_ jobs: [NewJob], seed: (Fixture) async throws -> Void = { _ in }) async throws {
        try await withRedis { redis in
            var found: [(Keyspace, RedisReply)] = []
            for script in [JobScripts.enqueue, try general()] {
                try await redis.client.send(RedisCommand("FLUSHALL"))
                try await seed(redis)
                let reply = try await call(redis, script, jobs, trace: Array("{\"a\": 1}".utf8))
                found.append((try await Keyspace.read(redis.client), reply))
            }
            #expect(found[0].0.differences(from: found[1].0) == [])
            #expect(found[0].1.array?.map(\.text) == found[1].1.array?.map(\.text))
            try await redis.client.send(RedisCommand("FLUSHALL"))
        }
    }

    @Test func theSameIsStoredEitherWay() async throws {
        var slow = JobOptions(timeout: .seconds(7), resultTTL: .span(.seconds(3)))
        slow.meta = ["a": 1]
        let retry = JobOptions(retry: .init(maximum: 2, intervals: [.zero]))
        try await compare(try (0..<10).map { try NewJob("f", $0, options: $0 < 3 ? slow : $0 < 5 ? retry : .init()) })
    }

    @Test func oneWithAPlacementOfItsOwnLeavesTheOthersAsTheyAre() async throws {
        for option: JobOption in try [
            .front, .delay(.seconds(60)), .unique("k"), .after(JobID(unchecked: "j0")),
            .group(GroupName("g")), .limit("k", concurrency: 1), .queueTTL(.seconds(60)),
        ] {
            try await compare([try NewJob("f", 0), try NewJob("f", 1, options: [option]), try NewJob("f", 2)])
        }
    }

    @Test(arguments: ["finished", "queued"]) func anIDThatIsKnownIsJudged(_ status: String) async throws {
        try await compare(try (0..<3).map { try NewJob("f", $0) }) { redis in
            try await redis.client.send(
                RedisCommand(
                    "HSET", "rq:job:j1", "data", "[]", "origin", "q", "status", RedisArgument(status), "hf_token", "4"))
            try await redis.client.send(RedisCommand("ZADD", "rq:finished:q", "1", "j1"))
        }
    }

    /// Lua's stack bounds a call: the last chunk counts as well.
    @Test func oneLiveIDAtTheEndOfTheLargestBatchStopsItAll() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let live = try await queue.enqueue("f", options: [.id(JobID("live"))])
            let others = try (1..<Queue.maximumBatch).map { try NewJob("f", $0) }
            await #expect {
                try await queue.enqueue(others + [try NewJob("f", options: [.id(live)])])
            } throws: { ($0 as? JobsError)?.ids == [live] }
            #expect(try await queue.waiting() == [live])
            let ids = try await queue.enqueue(others + [try NewJob("f")])
            #expect(try await queue.counts().queued == Queue.maximumBatch + 1)
            #expect(try await queue.waiting(limit: Queue.maximumBatch + 1) == [live] + ids)
        }
    }

    @Test(arguments: ["rq:queues", "rq:queue:q"]) func aKeyThatIsSomethingElseIsNamed(_ key: String) async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            try await redis.client.send(RedisCommand("SET", RedisArgument(key), "something else"))
            let refusal = await #expect(throws: JobsError.self) { try await queue.enqueue([NewJob("f"), NewJob("f")]) }
            #expect(refusal?.redis?.message.contains(key) == true)
            #expect(try await redis.text("DBSIZE") == "1")
            try await redis.client.send(RedisCommand("DEL", RedisArgument(key)))
        }
    }

    @Test func aServerThatIsOutOfMemoryGetsNothing() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            try await redis.client.send(RedisCommand("CONFIG", "SET", "maxmemory", "1"))
            let refusal = await #expect(throws: JobsError.self) { try await queue.enqueue([NewJob("f"), NewJob("f")]) }
            #expect(refusal?.redis?.serverPrefix == "OOM")
            try await redis.client.send(RedisCommand("CONFIG", "SET", "maxmemory", "0"))
            #expect(try await redis.text("DBSIZE") == "0")
        }
    }

    @Test func aBatchOfNewIDsCostsOneCommandAJob() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            try await redis.client.send(RedisCommand("CONFIG", "RESETSTAT"))
            try await queue.enqueue(try (0..<200).map { try NewJob("f", $0) })
            let commands = try await redis.commands()
            // The call itself, the time, a test of the ids and of two keys, and two for the queue.
            #expect(commands <= 200 + 7, "\(commands) commands to enqueue 200 jobs")
        }
    }
}
