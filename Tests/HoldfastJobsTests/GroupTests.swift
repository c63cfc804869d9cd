import HoldfastRedis
import HoldfastRuntime
import Testing

@testable import HoldfastJobs

/// Jobs that are counted together, and what is swept up after jobs that are no more.
@Suite(.timeLimit(.minutes(1))) struct GroupTests {
    @Test func aGroupCountsItsJobsAndWaitsForThem() async throws {
        let gate = Gate()
        var handlers = HandlerRegistry()
        handlers.register("fine") { (_: NoArguments, _) in try await gate.pass() }
        handlers.register("broken") { (_: NoArguments, _) in throw PermanentFailure("no") }
        let registry = handlers
        try await withRedis { redis in
            let name = try GroupName("nightly")
            let group = JobGroup(name, client: redis.client)
            let ids = try await redis.queue("q").enqueue(
                ["fine", "broken", "fine"].map { try NewJob($0, options: [.group(name)]) })
            #expect(try await group.status().counts == [.queued: 3])
            #expect(Set(try await group.members()) == Set(ids))
            #expect(try await JobGroup.names(redis.client) == [name])
            #expect(try await redis.queue("q").fetch(ids[0])?.group == name)
            await #expect { try await group.wait(patience: .milliseconds(10)) } throws: {
                ($0 as? JobsError)?.code == .timedOut
            }
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await redis.burst(registry) }
                tasks.addTask {
                    let status = try await group.wait(patience: .seconds(30))
                    #expect(status.finished == 2 && status.failed == 1 && status.live == 0 && status.total == 3)
                }
                gate.open()
                try await tasks.waitForAll()
            }
        }
    }

    @Test func vanishedMembersLeave() async throws {
        try await withRedis(leaving: [.dangling]) { redis in
            let name = try GroupName("g")
            let ids = try await redis.queue("q").enqueue(
                (0..<3).map { try NewJob("f", $0, options: [.group(name), .unique("k\($0)")]) })
            try await redis.client.send(RedisCommand("DEL", RedisArgument("rq:job:\(ids[0])")))
            #expect(try await JobGroup(name, client: redis.client).status().total == 2)
            #expect(try await redis.text("SCARD", "rq:group:g") == "2")
            // The sweep needs no reader.
            for id in ids { try await redis.client.send(RedisCommand("DEL", RedisArgument("rq:job:\(id)"))) }
            try await sweep(redis)
            for key in ["rq:groups", "rq:group:g", "rq:hf:unique"] {
                #expect(try await redis.text("EXISTS", RedisArgument(key)) == "0")
            }
        }
    }

    /// One pass of a worker's.
    private func sweep(_ redis: Fixture) async throws {
        try await Worker(queues: [QueueName("q")], client: redis.client, handlers: HandlerRegistry()).sweep()
    }

    /// A thousand keys and groups that were used once, beside 300 keys and 50 groups that are in use. One pass removes
    /// most of the keys and 400 groups, a few more all but a small part. What is in use stays.
    @Test func aPassKeepsUpWithAThousandNewLeftovers() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            try await queue.enqueue(
                (0..<300).map {
                    try NewJob("f", options: [.group(GroupName("used-\($0 % 50)")), .unique("used-\($0)")])
                })
            let leftovers = (0..<1000).flatMap { number -> [RedisCommand] in
                let (group, job) = (RedisArgument("once-\(number)"), RedisArgument("gone-\(number)"))
                return [
                    RedisCommand("HSET", "rq:hf:unique", group, job),
                    RedisCommand("SADD", RedisArgument("rq:group:once-\(number)"), job),
                    RedisCommand("SADD", "rq:groups", group),
                ]
            }
            for outcome in try await redis.client.pipeline(leftovers) { _ = try outcome.get() }
            func left(_ name: String, _ key: String) async throws -> Int {
                try #require(Int(try await redis.text(name, RedisArgument(key)) ?? ""))
            }
            try await sweep(redis)
            let (keys, groups) = (try await left("HLEN", "rq:hf:unique"), try await left("SCARD", "rq:groups"))
            #expect((300..<500).contains(keys) && (50..<800).contains(groups), "\(keys) keys, \(groups) groups")
            for _ in 0..<20 { try await sweep(redis) }
            let rest = (try await left("HLEN", "rq:hf:unique"), try await left("SCARD", "rq:groups"))
            #expect(rest.0 < 420 && rest.1 < 80, "what is left must be a small part: \(rest)")
            #expect(try await redis.text("SCARD", "rq:group:used-0") == "6")
        }
    }

    /// What is deleted in order leaves nothing to sweep.
    @Test func aDeletedJobGivesItsKeyBack() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let ids = try await queue.enqueue((0..<3).map { try NewJob("f", options: [.unique("k\($0)")]) })
            try await JobAdministration(redis.client).delete(ids[0])
            #expect(try await redis.text("HLEN", "rq:hf:unique") == "2")
            _ = try await JobAdministration(redis.client).empty(queue.name)
            #expect(try await redis.text("EXISTS", "rq:hf:unique") == "0")
        }
    }

    @Test func theSweepLeavesWhatIsNeeded() async throws {
        try await withRedis { redis in
            try await redis.queue("q").enqueue("f", options: [.group(GroupName("g")), .unique("k")])
            try await sweep(redis)
            #expect(try await redis.text("HLEN", "rq:hf:unique") == "1")
            #expect(try await redis.text("SCARD", "rq:group:g") == "1")
        }
    }

    @Test(arguments: ["", "a b", "é", String(repeating: "x", count: 129)]) func refusesNames(_ name: String) {
        #expect { try GroupName(name) } throws: { ($0 as? JobsError)?.code == .invalid }
    }
}
