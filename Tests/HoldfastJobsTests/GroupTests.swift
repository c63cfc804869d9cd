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
            var removed: Int64 = 0
            while removed < 5 {
                removed +=
                    try await redis.client.run(JobScripts.sweep, keys: [], arguments: ["rq", 20, 3]).integer ?? 0
            }
            for key in ["rq:groups", "rq:group:g", "rq:hf:unique"] {
                #expect(try await redis.text("EXISTS", RedisArgument(key)) == "0")
            }
        }
    }

    @Test func theSweepLeavesWhatIsNeeded() async throws {
        try await withRedis { redis in
            try await redis.queue("q").enqueue("f", options: [.group(GroupName("g")), .unique("k")])
            for _ in 0..<5 {
                try await redis.client.run(JobScripts.sweep, keys: [], arguments: ["rq", 20, 3])
            }
            #expect(try await redis.text("HLEN", "rq:hf:unique") == "1")
            #expect(try await redis.text("SCARD", "rq:group:g") == "1")
        }
    }

    @Test(arguments: ["", "a b", "é", String(repeating: "x", count: 129)]) func refusesNames(_ name: String) {
        #expect { try GroupName(name) } throws: { ($0 as? JobsError)?.code == .invalid }
    }
}
