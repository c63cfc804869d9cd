import HoldfastRedis
import HoldfastRuntime
import Testing

@testable import HoldfastJobs

/// The scripts by themselves, in the hands of workers that die, freeze and come late.
@Suite(.timeLimit(.minutes(1))) struct ScriptTests {
    @Test func takesInStrictOrderOfTheQueuesAndInBatches() async throws {
        try await withRedis { redis in
            let low = try await redis.queue("low").enqueue([try NewJob("f"), try NewJob("f")])
            let high = try await redis.queue("high").enqueue([try NewJob("f"), try NewJob("f")])
            let taken = try await redis.take(3, from: "high", "low", lease: .seconds(60))
            #expect(taken.map(\.job) == high + [low[0]])
            #expect(taken.map(\.queue.text) == ["high", "high", "low"])
            #expect(Set(taken.map(\.id)).count == 3)
            #expect(try await redis.queue("high").fetch(high[0])?.status == .started)
        }
    }

    @Test func aJobTakenByAWorkerThatDiesIsRegisteredAndComesBackInFront() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("f")
            let other = try await queue.enqueue("f")
            // The lease is over at once; nothing of the worker is left but what the take has written.
            let taken = try await redis.take(from: "q", lease: .zero)
            #expect(taken.map(\.job) == [id])
            #expect(try await redis.text("ZSCORE", "rq:wip:q", RedisArgument("\(id):\(taken[0].id)")) != nil)
            let repaired = try await redis.repair("q")
            #expect(repaired.map(\.action) == [.requeued] && repaired.map(\.crashes) == [1])
            #expect(repaired.first?.workerName == "dying")
            #expect(try await queue.waiting() == [id, other])
            #expect(try await redis.repair("q").isEmpty)
        }
    }

    @Test func aliveLeaseIsNotRepaired() async throws {
        try await withRedis { redis in
            try await redis.queue("q").enqueue("f")
            _ = try await redis.take(from: "q", lease: .seconds(60))
            #expect(try await redis.repair("q").isEmpty)
        }
    }

    @Test func manyRepairersRepairEachExecutionOnce() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let ids = try await queue.enqueue((0..<60).map { try NewJob("f", $0) })
            _ = try await redis.take(60, from: "q", lease: .zero)
            let total = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<10 { group.addTask { try await redis.repair("q").count } }
                return try await group.reduce(0, +)
            }
            #expect(total == 60)
            #expect(Set(try await queue.waiting()) == Set(ids))
        }
    }

    @Test func aStaleCompletionIsRefusedAndWritesNothing() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("f")
            let zombie = try await redis.take(from: "q", lease: .zero)[0]
            _ = try await redis.repair("q")
            let second = try await redis.take(from: "q", worker: "second", lease: .seconds(60))[0]
            #expect(second.token == zombie.token + 1)
            // Both while the other runs, and after it has finished.
            #expect(try await redis.finish(zombie, value: "\"zombie\"") == "stale")
            #expect(try await queue.fetch(id)?.status == .started)
            #expect(try await redis.finish(second, worker: "second", value: "\"second\"") == "finished")
            #expect(try await redis.finish(zombie, value: "\"zombie\"") == "stale")
            #expect(try await redis.text("XLEN", RedisArgument("rq:results:\(id)")) == "1")
            #expect(try await queue.result(of: id)?.value(as: String.self) == "second")
        }
    }

    /// The protection is the guard: the same script without it does the harm.
    @Test func withoutTheGuardTheZombieOverwrites() async throws {
        let source = JobScripts.complete.source
        #expect(source.contains(JobScripts.completionGuard))
        let mutant = RedisScript(
            name: "mutant", source.replacing(JobScripts.completionGuard, with: "local mine = true"))
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("f")
            let zombie = try await redis.take(from: "q", lease: .zero)[0]
            _ = try await redis.repair("q")
            let second = try await redis.take(from: "q", worker: "second", lease: .seconds(60))[0]
            #expect(try await redis.finish(second, worker: "second", value: "\"second\"") == "finished")
            #expect(try await redis.finish(zombie, value: "\"zombie\"", by: mutant) == "finished")
            #expect(try await redis.text("XLEN", RedisArgument("rq:results:\(id)")) == "2")
            #expect(try await queue.result(of: id)?.value(as: String.self) == "zombie")
        }
    }

    @Test func aRepeatedCompletionIsRecognised() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("f")
            let one = try await redis.take(from: "q", lease: .seconds(60))[0]
            #expect(try await redis.finish(one, value: "1") == "finished")
            #expect(try await redis.finish(one, value: "1") == "repeated")
            #expect(try await redis.text("XLEN", RedisArgument("rq:results:\(id)")) == "1")
            // Also when nothing of the job is kept.
            try await queue.enqueue("f", options: .init(id: try JobID("gone"), resultTTL: .span(.zero)))
            let gone = try await redis.take(from: "q", lease: .seconds(60))[0]
            #expect(try await redis.finish(gone, value: "1") == "finished")
            #expect(try await redis.finish(gone, value: "1") == "repeated")
            #expect(try await queue.fetch(gone.job) == nil)
        }
    }

    @Test func aPoisonJobStopsAfterItsCrashes() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("f")
            for crash in 1...3 {
                _ = try await redis.take(from: "q", lease: .zero)
                let repaired = try await redis.repair("q", crashLimit: 3)
                #expect(repaired.map(\.crashes) == [crash])
                #expect(repaired.map(\.action) == [crash == 3 ? .failed : .requeued])
            }
            let result = try await queue.wait(for: id, patience: .seconds(5))
            #expect(result.outcome == .failed && result.failure?.contains("given up") == true)
            #expect(try await queue.fetch(id)?.status == .failed)
            #expect(try await queue.counts().failed == 1)
        }
    }

    @Test func vanishedForeignAndDoubledEntriesAreSkipped() async throws {
        try await withRedis(leaving: [.dangling]) { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("f")
            try await redis.client.send(RedisCommand("SADD", "rq:job:x:dependents", "y"))
            for junk in ["vanished", "x:dependents", "", "a b", id.text] {
                try await redis.client.send(RedisCommand("LPUSH", "rq:queue:q", RedisArgument(junk)))
            }
            let taken = try await redis.take(10, from: "q", lease: .seconds(60))
            #expect(taken.map(\.job) == [id])
            #expect(try await queue.counts().queued == 0)
        }
    }

    @Test func nothingIsTakenWhileSuspended() async throws {
        try await withRedis { redis in
            try await redis.queue("q").enqueue("f")
            try await redis.client.send(RedisCommand("SET", "rq:suspended", "1"))
            #expect(try await redis.take(from: "q", lease: .seconds(60)).isEmpty)
            #expect(try await redis.queue("q").counts().queued == 1)
        }
    }

    @Test func dueJobsArePromotedOnceByManySchedulers() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            for number in 0..<40 {
                try await redis.client.send(
                    RedisCommand(
                        "HSET", RedisArgument("rq:job:s\(number)"), "data", "[]", "origin", "q", "status", "scheduled"))
                let due: RedisArgument = number < 30 ? 1 : 9_999_999_999
                try await redis.client.send(RedisCommand("ZADD", "rq:scheduled:q", due, RedisArgument("s\(number)")))
            }
            let moved = try await withThrowingTaskGroup(of: Int64.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await redis.promote("q") ?? 0 }
                }
                return try await group.reduce(0, +)
            }
            #expect(moved == 30)
            let counts = try await queue.counts()
            #expect(counts.queued == 30 && counts.scheduled == 10)
        }
    }

    @Test func aDependentIsEnqueuedWhenItsLastParentHasFinished() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let parents = try await queue.enqueue([try NewJob("f"), try NewJob("f")])
            for command in [
                ["HSET", "rq:job:child", "data", "[]", "origin", "later", "status", "deferred"],
                ["ZADD", "rq:deferred:later", "1", "child"],
                ["SADD", "rq:job::child:dependencies", parents[0].text, parents[1].text],
                ["SADD", "rq:job:\(parents[0]):dependents", "child"],
                ["SADD", "rq:job:\(parents[1]):dependents", "child"],
            ] {
                try await redis.client.send(
                    RedisCommand(command[0], arguments: command.dropFirst().map { RedisArgument($0) }))
            }
            let taken = try await redis.take(2, from: "q", lease: .seconds(60))
            _ = try await redis.finish(taken[0], value: "1")
            #expect(try await redis.queue("later").counts().deferred == 1)
            _ = try await redis.finish(taken[1], value: "1")
            #expect(try await redis.queue("later").waiting() == [JobID("child")])
        }
    }

    @Test func theNamesOfLiveWorkersAreUnique() async throws {
        try await withRedis { redis in
            func register(_ instance: String) async throws -> Int64? {
                try await redis.client.run(
                    JobScripts.register, keys: [],
                    arguments: ["rq", "w", RedisArgument(instance), 60, 1, "q", "state", "idle"]
                ).integer
            }
            #expect(try await register("one") == 1)
            #expect(try await register("one") == 1)
            #expect(try await register("two") == 0)
            try await redis.client.run(JobScripts.deregister, keys: [], arguments: ["rq", "w", "one", "q"])
            #expect(try await register("two") == 1)
            // What belongs to the second is not taken off by the first.
            #expect(
                try await redis.client.run(JobScripts.deregister, keys: [], arguments: ["rq", "w", "one", "q"]).integer
                    == 0)
            #expect(try await redis.text("SISMEMBER", "rq:workers", "rq:worker:w") == "1")
        }
    }

    @Test func workersWithoutARecordAreForgotten() async throws {
        try await withRedis(leaving: [.expiry]) { redis in
            for list in ["rq:workers", "rq:workers:q"] {
                try await redis.client.send(RedisCommand("SADD", RedisArgument(list), "rq:worker:gone", "rq:worker:w"))
            }
            try await redis.client.send(RedisCommand("HSET", "rq:worker:w", "state", "idle"))
            _ = try await redis.repair("q")
            #expect(try await redis.text("SCARD", "rq:workers") == "1")
            #expect(try await redis.text("SCARD", "rq:workers:q") == "1")
        }
    }

    @Test func everyScriptIsListedAndNamed() {
        #expect(Set(JobScripts.all.map(\.name)).count == JobScripts.all.count)
    }
}

extension Fixture {
    func repair(_ queue: String, crashLimit: Int = 5) async throws -> [Recovery] {
        let reason = JobResult.encode(failure: "given up")
        let reply = try await client.run(
            JobScripts.repair, keys: [],
            arguments: ["rq", 100, RedisArgument(crashLimit), RedisArgument(reason), RedisArgument(queue)])
        return (reply.array ?? []).compactMap(Recovery.init)
    }

    /// How many jobs were moved.
    func promote(_ queue: String) async throws -> Int64? {
        try await client.run(JobScripts.promote, keys: [], arguments: ["rq", 10, RedisArgument(queue)])
            .array?.last?.integer
    }
}
