import HoldfastRedis
import HoldfastRuntime
import Testing

@testable import HoldfastJobs

/// What the take script leaves out of its reply, and what it does not read, where most jobs have nothing of it.
@Suite(.timeLimit(.minutes(1))) struct LeanTakeTests {
    private func seed(_ redis: Fixture, _ job: String, _ fields: String...) async throws {
        let record = [
            "rq:job:\(job)", "data", "[\"f\", null, [], {}]", "status", "queued", "enqueued_at", "2001-09-09T01:46:40Z",
        ]
        try await redis.client.send(RedisCommand("HSET", arguments: (record + fields).map { RedisArgument($0) }))
        try await redis.client.send(RedisCommand("RPUSH", "rq:queue:q", RedisArgument(job)))
        try await redis.client.send(RedisCommand("SADD", "rq:queues", "rq:queue:q"))
    }

    @Test func theUsualJobNeedsNoTerms() async throws {
        try await withRedis { redis in
            try await redis.queue("q").enqueue([NewJob("f"), NewJob("f", options: [.timeout(.seconds(7))])])
            try await redis.queue("other").enqueue("f")
            let reply = try await redis.client.run(
                JobScripts.take, keys: [], arguments: Fixture.takeArguments(3, ["q", "other"]))
            let parts = try #require(reply.array)
            #expect(parts.count == 21, "five, two queues with their numbers, and three jobs of four parts")
            #expect(parts[5].text == "q" && parts[6].integer == 2 && parts[10].bytes == [])
            #expect(parts[14].array?.map(\.text) == ["7", "1", "1", "0", "500"])
            #expect(parts[15].text == "other" && parts[16].integer == 1 && parts[20].bytes == [])
            let taken = try #require(
                TakeReply(reply, digits: "0123456789abcdef01234567", sentAt: .init(nanoseconds: 0), lease: .seconds(1)))
            #expect(taken.executions.map(\.timeout) == [.seconds(180), .seconds(7), .seconds(180)])
            // As they stand in the registries.
            for execution in taken.executions {
                let member = RedisArgument("\(execution.job):\(execution.id)")
                #expect(
                    try await redis.text("ZSCORE", RedisArgument("rq:wip:\(execution.queue)"), member) != nil)
            }
        }
    }

    /// Each fact about a job's earlier lives, by itself: none hides behind another that is missing.
    @Test func whatARecordSaysOfEarlierLivesIsTold() async throws {
        try await withRedis { redis in
            let cases: [(fields: [String], token: Int64, attempt: Int, crashes: Int, keep: String)] = [
                (["hf_token", "4"], 5, 1, 0, "500"),
                (["hf_token", "4", "hf_executions", "2"], 5, 3, 0, "500"),
                // A Python worker's execution that was repaired: it has no token.
                (["hf_crashes", "2"], 1, 1, 2, "500"),
                (["result_ttl", "500"], 1, 1, 0, "500"), (["result_ttl", "7"], 1, 1, 0, "7"),
                (["result_ttl", "-1"], 1, 1, 0, "-1"), (["result_ttl", "soon"], 1, 1, 0, ""),
                (["webhooks", "[]"], 1, 1, 0, ""), (["success_callback_name", "g"], 1, 1, 0, ""),
                (["success_callback_name", ""], 1, 1, 0, "500"), (["repeats_left", "0"], 1, 1, 0, "500"),
                (["repeats_left", "1"], 1, 1, 0, ""), (["rate_limit_key", "k"], 1, 1, 0, ""),
            ]
            for (index, known) in cases.enumerated() {
                try await redis.client.send(RedisCommand("DEL", "rq:job:j\(index)"))
                try await seed(redis, "j\(index)")
                try await redis.client.send(
                    RedisCommand(
                        "HSET", arguments: (["rq:job:j\(index)", "timeout", "180"] + known.fields).map { .init($0) }))
            }
            let taken = try await redis.take(cases.count, from: "q", lease: .seconds(60))
            #expect(taken.count == cases.count)
            for (execution, known) in zip(taken, cases) {
                #expect(
                    execution.token == known.token && execution.attempt == known.attempt
                        && execution.crashes == known.crashes && execution.keep == known.keep, "\(known.fields)")
                #expect(execution.waited ?? .zero > .seconds(1_000_000))
            }
            try await redis.client.send(RedisCommand("FLUSHALL"))
        }
    }

    @Test func aMinimumRecordHasTheUsualTerms() async throws {
        try await withRedis(leaving: [.dangling, .place, .stray]) { redis in
            try await redis.client.send(RedisCommand("HSET", "rq:job:bare", "data", "[]"))
            try await redis.client.send(RedisCommand("RPUSH", "rq:queue:q", "bare"))
            let bare = try #require(try await redis.take(from: "q", lease: .seconds(60)).first)
            #expect(bare.timeout == .seconds(180) && bare.token == 1 && bare.keep == "500" && bare.waited == nil)
            #expect(try await redis.text("HGET", "rq:job:bare", "origin") == "q")
            try await redis.client.send(RedisCommand("FLUSHALL"))
        }
    }

    @Test func aReplyOfAnotherShapeIsNone() {
        let head: [RedisReply] = [
            .bytes([]), .integer(0), .bytes(Array("1700000000.000000".utf8)), .bytes([]), .integer(0),
        ]
        func read(_ parts: [RedisReply]) -> Int? {
            TakeReply(.array(head + parts), digits: "d", sentAt: Instant(nanoseconds: 0), lease: .seconds(1))?
                .executions.count
        }
        let job: [RedisReply] = [.bytes(Array("j".utf8)), .bytes([]), .bytes([]), .bytes([])]
        let queue = RedisReply.bytes(Array("q".utf8))
        func count(_ number: Int64) -> [RedisReply] { [queue, .integer(number)] }
        #expect(read([]) == 0)
        #expect(read(count(1) + job) == 1)
        var broken: [[RedisReply]] = [[queue], count(0), count(1), count(2) + job]
        broken += [count(.max) + job, count(-1) + job, count(1) + job + [queue]]
        broken.append(count(1) + job.dropLast() + [.array([])])
        for parts in broken { #expect(read(parts) == nil, "\(parts)") }
    }
}
