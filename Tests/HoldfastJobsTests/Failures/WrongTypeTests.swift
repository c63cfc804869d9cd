import HoldfastRedis
import HoldfastRuntime
import Testing

@testable import HoldfastJobs

/// Something else under the name of one job's key, or of one queue's: the others are served as if it were not there.
@Suite(.serialized, .timeLimit(.minutes(2))) struct WrongTypeTests {
    private func overwrite(_ key: String, _ redis: Fixture) async throws {
        try await redis.client.send(RedisCommand("SET", RedisArgument(key), "something else"))
    }

    private func clear(_ key: String, _ redis: Fixture) async throws {
        try await redis.client.send(RedisCommand("DEL", RedisArgument(key)))
    }

    @Test func oneBrokenRecordKeepsNoOtherLeaseFromItsRenewal() async throws {
        try await withRedis { redis in
            try await redis.queue("q").enqueue((0..<3).map { try NewJob("f", $0) })
            let executions = try await redis.take(3, from: "q", lease: .seconds(30))
            let broken = "rq:job:\(executions[1].job)"
            func lease(_ index: Int) async throws -> Double {
                let member = RedisArgument("\(executions[index].job):\(executions[index].id)")
                return try #require(Double(try await redis.text("ZSCORE", "rq:lease:q", member) ?? ""))
            }
            let before = [try await lease(0), try await lease(1), try await lease(2)]
            try await overwrite(broken, redis)
            let reply = try await redis.client.run(
                JobScripts.renew, keys: [],
                arguments: ["rq", "dying", 60_000, 600]
                    + executions.flatMap { $0.address + [RedisArgument(RQTime.seconds($0.claimedAt))] })
            let parts = try #require(reply.array)
            #expect(parts.first?.text?.contains("WRONGTYPE") == true)
            #expect(parts.dropFirst().map(\.integer) == [1, -1, 1])
            let after = [try await lease(0), try await lease(1), try await lease(2)]
            #expect(after[0] > before[0] + 20 && after[2] > before[2] + 20)
            #expect(after[1] == before[1], "what was not renewed must not look renewed")
            try await clear(broken, redis)
            for execution in executions { _ = try await redis.finish(execution, value: "1") }
        }
    }

    @Test func oneBrokenRecordKeepsNoOtherJobFromItsRepair() async throws {
        // With its record went the name of its worker, whose list of claims forgets it by itself.
        try await withRedis(leaving: [.execution]) { redis in
            let queue = try redis.queue("q")
            let ids = try await queue.enqueue((0..<3).map { try NewJob("f", $0) })
            let executions = try await redis.take(3, from: "q", lease: .milliseconds(1))
            try await overwrite("rq:job:\(ids[0])", redis)
            let member = "\(ids[1]):\(executions[1].id)"
            try await overwrite("rq:execution:\(member)", redis)
            try await redis.eventually("ZCOUNT", "rq:lease:q", "-inf", "+inf", is: "3")
            var recoveries: [Recovery] = []
            while recoveries.count < 3 { recoveries += try await redis.repair("q") }
            let actions = recoveries.reduce(into: [:]) { $0[$1.jobID] = $1.action }
            #expect(actions == [ids[0]: .dropped, ids[1]: .requeued, ids[2]: .requeued])
            #expect(Set(try await queue.waiting()) == Set(ids.dropFirst()))
            try await clear("rq:job:\(ids[0])", redis)
        }
    }

    /// Maintenance takes jobs from their registries only if their queue can have them.
    @Test func aQueueThatIsSomethingElseKeepsItsJobsUntilItIsAQueueAgain() async throws {
        try await withRedis { redis in
            let (queue, other) = (try redis.queue("q"), try redis.queue("other"))
            let lost = [try await queue.enqueue("f"), try await other.enqueue("f")]
            _ = try await redis.take(2, from: "q", "other", lease: .milliseconds(1))
            for (name, job) in [("q", "sq"), ("other", "so")] {
                try await redis.client.send(
                    RedisCommand(
                        "HSET", RedisArgument("rq:job:\(job)"), "data", "[]", "origin", RedisArgument(name), "status",
                        "scheduled"))
                try await redis.client.send(
                    RedisCommand("ZADD", RedisArgument("rq:scheduled:\(name)"), "1", RedisArgument(job)))
            }
            try await overwrite("rq:queue:q", redis)
            func maintain() async throws -> (troubles: [String], recovered: [Recovery]) {
                let repaired = try await redis.client.run(
                    JobScripts.repair, keys: [], arguments: ["rq", 100, 5, "", "q", "other"])
                let promoted = try await redis.client.run(
                    JobScripts.promote, keys: [], arguments: ["rq", 10, "q", "other"])
                let troubles = [repaired, promoted].map { $0.array?.first?.text ?? "" }
                return (troubles, (repaired.array ?? []).compactMap(Recovery.init))
            }
            var recovered: [Recovery] = []
            while recovered.isEmpty {
                let pass = try await maintain()
                #expect(pass.troubles.allSatisfy { $0.contains("WRONGTYPE") })
                recovered = pass.recovered
            }
            #expect(recovered.map(\.jobID) == [lost[1]])
            #expect(try await other.waiting() == [lost[1], JobID("so")])
            #expect(try await redis.text("ZCARD", "rq:wip:q") == "1")
            #expect(try await redis.text("ZCARD", "rq:scheduled:q") == "1")
            try await clear("rq:queue:q", redis)
            let after = try await maintain()
            #expect(after.troubles == ["", ""] && after.recovered.map(\.jobID) == [lost[0]])
            #expect(try await queue.waiting() == [lost[0], JobID("sq")])
        }
    }

    /// A retry whose queue has become something else waits until it is a queue again.
    @Test func whatCannotEnterItsQueueComesAgain() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let retry = JobOptions(retry: .init(maximum: 2, intervals: [.zero]))
            let id = try await queue.enqueue("f", options: retry)
            let execution = try await redis.take(from: "q", lease: .seconds(60))[0]
            try await overwrite("rq:queue:q", redis)
            let completion = Completion(
                execution: execution, outcome: .failure(reason: "once", retry: .policy), begunAt: execution.claimedAt,
                span: .zero, endedAt: redis.client.runtime.now)
            #expect(try await redis.record([completion]).trouble.contains("WRONGTYPE"))
            #expect(try await queue.fetch(id)?.status == .scheduled)
            #expect(try await redis.text("ZSCORE", "rq:scheduled:q", RedisArgument(id.text)) != nil)
            try await clear("rq:queue:q", redis)
            try await redis.client.send(RedisCommand("ZADD", "rq:scheduled:q", "1", RedisArgument(id.text)))
            _ = try await redis.client.run(JobScripts.promote, keys: [], arguments: ["rq", 10, "q"])
            #expect(try await queue.waiting() == [id])
        }
    }

    /// Nothing is taken whose end could not be entered.
    @Test(arguments: ["finished", "failed"]) func aQueueWithoutItsRegistriesKeepsItsJobs(_ name: String) async throws {
        try await withRedis { redis in
            let (queue, other) = (try redis.queue("q"), try redis.queue("other"))
            let (kept, served) = (try await queue.enqueue("f"), try await other.enqueue("f"))
            try await overwrite("rq:\(name):q", redis)
            let reply = try await redis.client.run(
                JobScripts.take, keys: [], arguments: Fixture.takeArguments(2, ["q", "other"]))
            let digits = Fixture.takeArguments(2, [])[5]
            let taken = try #require(
                TakeReply(
                    reply, digits: String(decoding: digits.bytes, as: UTF8.self), sentAt: redis.client.runtime.now,
                    lease: .seconds(60)))
            #expect(taken.trouble.text?.contains("WRONGTYPE") == true)
            #expect(taken.executions.map(\.job) == [served])
            #expect(try await queue.waiting() == [kept])
            try await clear("rq:\(name):q", redis)
            #expect(try await redis.take(from: "q", lease: .seconds(60)).map(\.job) == [kept])
        }
    }

    /// What could not leave the leases leaves them when its time is over.
    @Test func leasesThatCameBackAreForgotten() async throws {
        try await withRedis { redis in
            try await redis.queue("q").enqueue("f")
            let execution = try await redis.take(from: "q", lease: .milliseconds(1))[0]
            try await redis.client.send(RedisCommand("RENAME", "rq:lease:q", "rq:lease:away"))
            try await overwrite("rq:lease:q", redis)
            let completion = Completion(
                execution: execution, outcome: .success(Array("1".utf8)), begunAt: execution.claimedAt, span: .zero,
                endedAt: redis.client.runtime.now)
            let (trouble, verdicts) = try await redis.record([completion])
            #expect(trouble.contains("WRONGTYPE") && verdicts == ["finished"])
            try await redis.client.send(RedisCommand("RENAME", "rq:lease:away", "rq:lease:q"))
            #expect(try await redis.text("ZCARD", "rq:lease:q") == "1")
            while try await redis.text("EXISTS", "rq:lease:q") == "1" {
                #expect(try await redis.repair("q").isEmpty)
            }
        }
    }

    /// An outcome that comes too late for its lease, and for its record too, keeps no other from being recorded.
    @Test func aLostExecutionWithABrokenRecordKeepsNoOtherFromItsOutcome() async throws {
        try await withRedis(leaving: [.execution]) { redis in
            try await redis.queue("q").enqueue((0..<2).map { try NewJob("f", $0) })
            let executions = try await redis.take(2, from: "q", lease: .seconds(60))
            let member = RedisArgument("\(executions[0].job):\(executions[0].id)")
            for registry in ["wip", "lease"] {
                try await redis.client.send(RedisCommand("ZREM", RedisArgument("rq:\(registry):q"), member))
            }
            try await overwrite("rq:job:\(executions[0].job)", redis)
            let completions = zip(executions, [Outcome.unfinished(begun: true), .success(Array("1".utf8))]).map {
                Completion(
                    execution: $0, outcome: $1, begunAt: $0.claimedAt, span: .zero, endedAt: redis.client.runtime.now)
            }
            let (trouble, verdicts) = try await redis.record(completions)
            #expect(trouble.contains("WRONGTYPE"))
            #expect(verdicts.sorted() == ["finished", "stale"])
            try await clear("rq:job:\(executions[0].job)", redis)
        }
    }

    /// A worker whose job's record was overwritten gives that one up, and nothing else; it says so.
    @Test func aWorkerGoesOnWithTheOthers() async throws {
        let gate = Gate()
        var handlers = HandlerRegistry()
        handlers.register("gated") { (_: NoArguments, _) in try await gate.pass() }
        var configuration = WorkerConfiguration()
        configuration.lease = .seconds(1)
        configuration.maintenanceInterval = .milliseconds(50)
        let (setup, registry, log) = (configuration, handlers, EventLog())
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let worker = try Worker(
                queues: [queue.name], client: redis.client, handlers: registry, configuration: setup,
                observe: log.observe)
            try await withWorker(worker) {
                let ids = try await queue.enqueue([NewJob("gated"), NewJob("gated")])
                await log.wait(for: { if case .taken = $0 { true } else { false } }, count: 2)
                try await overwrite("rq:job:\(ids[0])", redis)
                await log.wait(for: { if case .leaseLost(let info) = $0 { info.jobID == ids[0] } else { false } })
                let lost = Set(log.events.compactMap { if case .leaseLost(let info) = $0 { info.jobID } else { nil } })
                #expect(lost == [ids[0]])
                // Another worker's jobs are repaired meanwhile.
                let other = try await queue.enqueue("gated")
                await log.wait(for: { if case .taken = $0 { true } else { false } }, count: 3)
                gate.open()
                for id in [ids[1], other] { _ = try await queue.wait(for: id, patience: .seconds(30)) }
                #expect(
                    log.events.contains { event in
                        if case .troubled(let error) = event { error.message.contains("WRONGTYPE") } else { false }
                    })
                try await clear("rq:job:\(ids[0])", redis)
            }
            #expect(worker.counters.leasesLost == 1 && worker.counters.finished == 2)
        }
    }

    /// Keys that enqueueing writes, and what asks for them.
    private static let written: [String] = [
        "rq:queues", "rq:queue:q", "rq:scheduled:q", "rq:deferred:q", "rq:groups", "rq:group:g", "rq:hf:unique",
        "rq:job:parent", "rq:job:parent:dependents", "rq:job::child:dependencies",
        "rq:rl-keys", "rq:rl:k", "rq:rl:k:allowed", "rq:rl:k:rate_limited",
    ]

    @Test(arguments: written) func enqueueingWritesNothingBesideIt(_ key: String) async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            try await overwrite(key, redis)
            let jobs = [
                try NewJob("f", options: [.id(JobID("first"))]),
                try NewJob("f", options: [.id(JobID("timed")), .delay(.seconds(60))]),
                try NewJob("f", options: [.id(JobID("grouped")), .group(GroupName("g")), .unique("k")]),
                try NewJob("f", options: [.id(JobID("child")), .after(JobID("parent"))]),
                try NewJob("f", options: [.id(JobID("limited")), .limit("k", concurrency: 1)]),
            ]
            let refusal = await #expect(throws: JobsError.self) { try await queue.enqueue(jobs) }
            #expect(refusal?.redis?.serverPrefix == "WRONGTYPE" && refusal?.redis?.outcome == .answered)
            #expect(try await redis.text("DBSIZE") == "1", "something was written beside \(key)")
            try await clear(key, redis)
            #expect(try await queue.enqueue(jobs).count == 5)
        }
    }
}
