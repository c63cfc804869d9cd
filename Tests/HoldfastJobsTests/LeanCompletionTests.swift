import HoldfastRedis
import HoldfastRuntime
import Testing

@testable import HoldfastJobs

extension JobScripts {
    /// The completion without its section for plain successes: whatever is done there must come to what this does.
    static func generalCompletion() throws -> RedisScript {
        let test = "section.isPlain = check(section)"
        try #require(complete.source.contains(test))
        return RedisScript(name: "general", complete.source.replacing(test, with: "section.isPlain = false"))
    }
}

/// Plain successes have a section of their own in the script, which must come to the same as the general steps; what is
/// not plain after all falls through to those.
@Suite(.serialized, .timeLimit(.minutes(2))) struct LeanCompletionTests {
    private typealias Change = (Fixture, [Execution]) async throws -> Void

    private func run(_ redis: Fixture, _ words: String...) async throws {
        try await redis.client.send(RedisCommand(words[0], arguments: words.dropFirst().map { RedisArgument($0) }))
    }

    /// Two queues and three retentions, with and without a value.
    private func seed(_ redis: Fixture) async throws {
        let queue = try redis.queue("q")
        try await queue.enqueue(
            [500, 500, 500, 500, 70, 0].enumerated().map { index, seconds in
                try NewJob("f", options: [.id(JobID("j\(index)")), .resultTTL(.span(.seconds(seconds)))])
            })
        try await redis.queue("p").enqueue("f", options: [.id(JobID("j6"))])
        try await run(redis, "HSET", "rq:worker:dying", "state", "busy", "total_working_time", "1")
    }

    /// Takes, does something to what was taken, and completes it: by either script, each on an empty server.
    private func compare(
        leaving count: Int = 7, _ change: Change = { _, _ in }
    ) async throws -> (trouble: String, verdicts: [String]) {
        var found: [(keys: Keyspace, trouble: String, verdicts: [String])] = []
        try await withRedis { redis in
            for script in [JobScripts.complete, try JobScripts.generalCompletion()] {
                try await run(redis, "FLUSHALL")
                try await seed(redis)
                let jobs = try await redis.take(
                    count, from: "q", "p", lease: .seconds(60), digits: "0123456789abcdef01234567")
                try await change(redis, jobs)
                let now = redis.client.runtime.now
                let completions = jobs.enumerated().map { index, job in
                    Completion(
                        execution: job, outcome: .success(index % 2 == 0 ? Array("\(index)".utf8) : nil),
                        begunAt: job.claimedAt, span: .milliseconds(250), endedAt: now)
                }
                let (trouble, verdicts) = try await redis.record(completions, by: script)
                try await run(redis, "CONFIG", "SET", "maxmemory", "0")
                found.append((try await Keyspace.read(redis.client), trouble, verdicts))
            }
            try await run(redis, "FLUSHALL")
        }
        #expect(found[0].keys.differences(from: found[1].keys) == [])
        #expect(found[0].trouble == found[1].trouble && found[0].verdicts == found[1].verdicts)
        return (found[0].trouble, found[0].verdicts)
    }

    private static let finished = Array(repeating: "finished", count: 7)

    @Test func theSameIsStoredEitherWay() async throws {
        let (trouble, verdicts) = try await compare()
        #expect(trouble == "" && verdicts == Self.finished)
    }

    @Test func aWorkerWithOthersUnderWayStaysBusy() async throws {
        #expect(try await compare(leaving: 3).verdicts == ["finished", "finished", "finished"])
    }

    /// What has come about since the take, in one of the sections.
    @Test func whatIsNotPlainAfterAllFallsThrough() async throws {
        var verdicts = try await compare { redis, _ in
            // A dependent was registered meanwhile: it is woken.
            try await redis.queue("later").enqueue("g", options: [.id(JobID("child")), .after(JobID("j1"))])
        }.verdicts
        #expect(verdicts == Self.finished)
        verdicts = try await compare { redis, _ in
            try await redis.queue("later").enqueue("g", options: [.id(JobID("child")), .after(JobID("j5"))])
        }.verdicts
        #expect(verdicts == Self.finished)
        verdicts = try await compare { redis, _ in
            try await run(redis, "SADD", "rq:job::j2:dependencies", "gone")
        }.verdicts
        #expect(verdicts == Self.finished)
        // Renewed, though the worker does not know: the records of its execution go.
        verdicts = try await compare { redis, jobs in
            let claimed = RedisArgument(RQTime.seconds(jobs[3].claimedAt))
            try await redis.client.run(
                JobScripts.renew, keys: [], arguments: ["rq", "dying", 60_000, 600] + jobs[3].address + [claimed])
        }.verdicts
        #expect(verdicts == Self.finished)
        // Another of the worker's was.
        verdicts = try await compare { redis, _ in
            try await run(redis, "SADD", "rq:worker:dying:executions", "other:0123456789abcdef01234567000000ff")
        }.verdicts
        #expect(verdicts == Self.finished)
        verdicts = try await compare { redis, _ in try await run(redis, "DEL", "rq:job:j1") }.verdicts
        #expect(verdicts == ["finished", "gone"] + Self.finished.dropFirst(2))
        verdicts = try await compare { redis, jobs in
            try await run(redis, "ZREM", "rq:wip:q", "j0:\(jobs[0].id)")
        }.verdicts
        #expect(verdicts == ["stale"] + Self.finished.dropFirst())
        // Its outcome stands already, and another's does not.
        verdicts = try await compare { redis, jobs in
            _ = try await redis.finish(jobs[4], value: "4")
        }.verdicts
        #expect(verdicts == Self.finished.prefix(4) + ["repeated", "finished", "finished"])
    }

    @Test(arguments: [
        "rq:job:j1", "rq:results:j1", "rq:results:j2", "rq:finished:q", "rq:lease:q", "rq:claims:dying",
        "rq:worker:dying", "rq:completed:dying",
    ]) func aKeyThatIsSomethingElseSpoilsNothingBesideIt(_ key: String) async throws {
        let (trouble, verdicts) = try await compare { redis, _ in try await run(redis, "SET", key, "something else") }
        #expect(trouble.contains("WRONGTYPE") && verdicts == Self.finished, "\(trouble)")
    }

    /// Without its registry nobody can tell whose the executions are: nothing is written, and the worker tries again.
    @Test func aRegistryThatIsSomethingElseStopsTheWholeCall() async throws {
        try await withRedis { redis in
            try await seed(redis)
            let jobs = try await redis.take(7, from: "q", "p", lease: .seconds(60))
            try await run(redis, "SET", "rq:wip:p", "something else")
            let before = try await Keyspace.read(redis.client)
            await #expect(throws: RedisError.self) {
                _ = try await redis.complete(jobs.map { ($0, .success(nil)) })
            }
            #expect(try await Keyspace.read(redis.client).differences(from: before) == [])
            try await run(redis, "FLUSHALL")
        }
    }

    /// What is removed first makes a script's later writes exempt from the server's bound.
    @Test func aServerThatIsOutOfMemoryRecordsAll() async throws {
        let (trouble, verdicts) = try await compare { redis, _ in
            try await run(redis, "CONFIG", "SET", "maxmemory", "1")
        }
        #expect(trouble == "" && verdicts == Self.finished)
    }

    /// Those of a section travel with four arguments; everything else is told in full.
    @Test func onlyPlainSuccessesTravelInSections() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let options: [JobOptions] = [
                [], [], [.resultTTL(.span(.zero))], [.resultTTL(.forever)], [.repeated(1)],
                [.onSuccess(Callback("g"))], [], [.limit("k")],
            ]
            try await queue.enqueue(options.map { try NewJob("f", options: $0) })
            let jobs = try await redis.take(8, from: "q", lease: .seconds(60))
            jobs[1].lease.extend(to: redis.client.runtime.now)
            func completion(_ index: Int, _ outcome: Outcome) -> Completion {
                let job = jobs[index]
                return Completion(
                    execution: job, outcome: outcome, begunAt: job.claimedAt, span: .zero, endedAt: job.sentAt)
            }
            func sections(_ completion: Completion) -> String {
                String(decoding: CompletionCall([completion]).arguments[0].bytes, as: UTF8.self)
            }
            let found = (0..<8).map { sections(completion($0, .success(nil))) }
            #expect(found == ["1", "0", "1", "0", "0", "0", "1", "0"], "one was renewed, and has records of that")
            #expect(sections(completion(0, .failure(reason: "no", retry: .never))) == "0")
            #expect(sections(completion(0, .unfinished(begun: true))) == "0")
            let all = [.failure(reason: "no", retry: .never)] + Array(repeating: Outcome.success(nil), count: 7)
            let verdicts = try await redis.complete(all.enumerated().map { (jobs[7 - $0], $1) })
            #expect(verdicts == ["failed"] + Self.finished)
        }
    }

    @Test func anAnswerOfAnotherShapeIsNone() async throws {
        try await withRedis { redis in
            try await seed(redis)
            let jobs = try await redis.take(3, from: "q", lease: .seconds(60))
            let call = CompletionCall(
                jobs.enumerated().map { index, job in
                    Completion(
                        execution: job, outcome: index < 2 ? .success(nil) : .unfinished(begun: true),
                        begunAt: job.claimedAt, span: .zero, endedAt: job.sentAt)
                })
            func read(_ parts: RedisReply...) -> [String]? { call.read(.array(parts))?.verdicts }
            func text(_ text: String) -> RedisReply { .bytes(Array(text.utf8)) }
            #expect(read(text(""), text("finished"), text("returned")) == ["finished", "finished", "returned"])
            let list = RedisReply.array([text("stale"), text("finished")])
            #expect(read(text(""), list, text("returned")) == ["stale", "finished", "returned"])
            #expect(read(text(""), text("finished")) == nil)
            #expect(read(text(""), .array([text("stale")]), text("returned")) == nil)
            #expect(read(.null, text("finished"), text("returned")) == nil)
            #expect(call.read(text("OK")) == nil)
            try await run(redis, "FLUSHALL")
        }
    }
}
