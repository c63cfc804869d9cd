import HoldfastRedis
import HoldfastRuntime
import Testing

@testable import HoldfastJobs

/// Batches of outcomes: each stands by itself.
@Suite(.timeLimit(.minutes(1))) struct CompletionTests {
    @Test func everyOutcomeOfABatchIsJudgedByItself() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let retry = JobOptions(retry: .init(maximum: 2, intervals: [.zero, .seconds(60)]))
            let ids = try await queue.enqueue(try (0..<8).map { try NewJob("f", $0, options: retry) })
            let other = try await redis.queue("other").enqueue("f")
            let jobs = try await redis.take(9, from: "q", "other", lease: .seconds(60))
            // One was completed before, one was deleted, one was taken away.
            _ = try await redis.finish(jobs[5], value: "1")
            try await redis.client.send(RedisCommand("DEL", RedisArgument("rq:job:\(ids[6])")))
            try await redis.client.send(
                RedisCommand("ZADD", "rq:lease:q", "1", RedisArgument("\(ids[7]):\(jobs[7].id)")))
            #expect(try await redis.repair("q").map(\.jobID) == [ids[7]])
            let verdicts = try await redis.complete([
                (jobs[0], .success(Array("[0]".utf8))), (jobs[1], .failure(reason: "again", retry: .policy)),
                (jobs[2], .failure(reason: "never", retry: .never)),
                (jobs[3], .later(reason: "later", pause: .seconds(30), maximum: 1)),
                (jobs[4], .success(nil)), (jobs[5], .success(Array("1".utf8))), (jobs[6], .success(nil)),
                (jobs[7], .success(nil)), (jobs[8], .success(nil)),
            ])
            #expect(
                verdicts == [
                    "finished", "requeued", "failed", "scheduled", "finished", "repeated", "gone", "stale", "finished",
                ])
            let states = try await ids.asyncMap { try await queue.fetch($0)?.status }
            #expect(states == [.finished, .queued, .failed, .scheduled, .finished, .finished, nil, .queued])
            #expect(try await queue.result(of: ids[0])?.value(as: [Int].self) == [0])
            #expect(try await queue.result(of: ids[2])?.failure == "never")
            #expect(try await queue.result(of: ids[4])?.outcome == .successful)
            #expect(try await redis.queue("other").fetch(other)?.status == .finished)
            // A failure spends a retry, the handler's own wish does not.
            #expect(try await queue.fetch(ids[1])?.retriesLeft == 1)
            #expect(try await queue.fetch(ids[3])?.retriesLeft == 2)
            // The results say what RQ's readers look for.
            let result = try #require(try await queue.result(of: ids[0]))
            #expect(result.workerName == "dying" && result.executionID == jobs[0].id)
        }
    }

    @Test func whatIsGivenBackKeepsItsOrderAndCountsNothing() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let ids = try await queue.enqueue(try (0..<4).map { try NewJob("f", $0) })
            let jobs = try await redis.take(3, from: "q", lease: .seconds(60))
            let verdicts = try await redis.complete(jobs.map { ($0, .unfinished(begun: $0 === jobs[0])) })
            #expect(verdicts == ["returned", "returned", "returned"])
            #expect(try await queue.waiting() == ids)
            let executions = try await ids.asyncMap { try await queue.fetch($0)?.executions }
            #expect(executions == [1, 0, 0, 0], "those that were not begun were not executed")
            #expect(try await redis.complete([(jobs[0], .unfinished(begun: true))]) == ["stale"])
            #expect(try await queue.waiting() == ids)
        }
    }

    /// Redis keeps what a script wrote before an error: so an error of one job may not stop the others.
    @Test func oneBrokenJobDoesNotSpoilTheBatch() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let ids = try await queue.enqueue(try (0..<3).map { try NewJob("f", $0) })
            let jobs = try await redis.take(3, from: "q", lease: .seconds(60))
            try await redis.client.send(RedisCommand("SET", RedisArgument("rq:results:\(ids[1])"), "no stream"))
            let now = redis.client.runtime.now
            let completions = jobs.map {
                Completion(execution: $0, outcome: .success(nil), begunAt: $0.claimedAt, span: .zero, endedAt: now)
            }
            let (trouble, verdicts) = try await redis.record(completions)
            #expect(trouble.contains("WRONGTYPE") && verdicts == ["finished", "finished", "finished"], "\(trouble)")
            for id in ids { #expect(try await queue.fetch(id)?.status == .finished) }
            let counts = try await queue.counts()
            #expect(counts.finished == 3 && counts.started == 0)
            try await redis.client.send(RedisCommand("DEL", RedisArgument("rq:results:\(ids[1])")))
        }
    }

    /// What cannot be claimed stays where it is.
    @Test(arguments: ["rq:wip:q", "rq:lease:q", "rq:claims:dying"])
    func aQueueWhoseRegistriesAreBrokenLosesNothing(_ key: String) async throws {
        try await withRedis { redis in
            let ids = try await redis.queue("q").enqueue([try NewJob("f"), try NewJob("f")])
            try await redis.client.send(RedisCommand("SET", RedisArgument(key), "something else"))
            let reply = try await redis.client.run(
                JobScripts.take, keys: [], arguments: Fixture.takeArguments(2, ["q"]))
            #expect(reply.array?.count == 5 && reply.array?[3].text?.contains("WRONGTYPE") == true, "\(reply)")
            #expect(try await redis.queue("q").waiting() == ids)
            try await redis.client.send(RedisCommand("DEL", RedisArgument(key)))
            #expect(try await redis.take(2, from: "q", lease: .seconds(60)).map(\.job) == ids)
        }
    }

    @Test func aBatchCostsFewCommandsAJob() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            try await queue.enqueue(try (0..<200).map { try NewJob("f", $0) })
            try await redis.client.send(RedisCommand("CONFIG", "RESETSTAT"))
            let jobs = try await redis.take(200, from: "q", lease: .seconds(60))
            #expect(jobs.count == 200)
            let taking = try await redis.commands()
            try await redis.client.send(RedisCommand("CONFIG", "RESETSTAT"))
            let verdicts = try await redis.complete(jobs.map { ($0, .success(Array("1".utf8))) })
            #expect(verdicts == Array(repeating: "finished", count: 200))
            let completing = try await redis.commands()
            // HMGET, HSET; HSET, XADD, EXPIRE, EXPIRE; and a dozen for the whole batch.
            #expect(taking <= 200 * 2 + 13, "\(taking) commands to take 200 jobs")
            #expect(completing <= 200 * 4 + 13, "\(completing) commands to complete 200 jobs")
        }
    }

    @Test func resultsThatAreNotKeptCostTheBatchAlone() async throws {
        try await withRedis { redis in
            let options = JobOptions(resultTTL: .span(.zero))
            let queue = try redis.queue("q")
            var last: [Execution] = []
            for round in 0..<7 {
                try await queue.enqueue(try (0..<200).map { try NewJob("f", $0, options: options) })
                last = try await redis.take(200, from: "q", lease: .seconds(60))
                try await redis.client.send(RedisCommand("CONFIG", "RESETSTAT"))
                let verdicts = try await redis.complete(last.map { ($0, .success(Array("1".utf8))) })
                #expect(verdicts == Array(repeating: "finished", count: 200))
                let completing = try await redis.commands()
                #expect(completing < 30, "\(completing) commands to complete 200 jobs in round \(round)")
            }
            for key in ["rq:job:\(last[0].job)", "rq:results:\(last[0].job)", "rq:finished:q"] {
                #expect(try await redis.text("EXISTS", RedisArgument(key)) == "0", "\(key)")
            }
            // A reply may have been lost: that is told from a stale outcome, for as many as can be under way.
            #expect(
                try await redis.complete(last.map { ($0, .success(nil)) }) == Array(repeating: "repeated", count: 200))
            let marks = try #require(Int(try await redis.text("LLEN", "rq:completed:dying") ?? ""))
            #expect(marks == JobScripts.keptMarks && marks >= Roster.maximumBatch)
        }
    }

    @Test func whatIsNotKeptStillWakesWhoWaitsForIt() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let dropped = JobOptions(resultTTL: .span(.zero))
            let first = try await queue.enqueue("f", options: dropped)
            try await queue.enqueue("f", options: dropped)
            var waiting = JobOptions()
            waiting.dependencies = [first]
            let child = try await queue.enqueue("g", options: waiting)
            let jobs = try await redis.take(2, from: "q", lease: .seconds(60))
            #expect(try await redis.complete(jobs.map { ($0, .success(nil)) }) == ["finished", "finished"])
            #expect(try await queue.waiting() == [child])
            #expect(try await queue.fetch(first) == nil)
            #expect(try await redis.text("EXISTS", RedisArgument("rq:job:\(first):dependents")) == "0")
            #expect(try await redis.complete([(jobs[0], .success(nil))]) == ["repeated"])
        }
    }
}

extension Fixture {
    /// Commands executed since the statistics were reset, those inside of scripts included.
    func commands() async throws -> Int {
        let stats = try await text("INFO", "commandstats") ?? ""
        return stats.split(whereSeparator: \.isNewline).compactMap { line -> Int? in
            guard line.hasPrefix("cmdstat_"), !line.hasPrefix("cmdstat_info"), !line.hasPrefix("cmdstat_config") else {
                return nil
            }
            return line.split(separator: "=").dropFirst().first?.split(separator: ",").first.flatMap { Int($0) }
        }.reduce(0, +)
    }
}

extension Sequence {
    func asyncMap<Value>(_ body: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await body(element)) }
        return values
    }
}
