import HoldfastRedis
import HoldfastRuntime
import Testing

@testable import HoldfastJobs

/// One live job a key, judged by the state of that job.
@Suite(.timeLimit(.minutes(1))) struct UniqueTests {
    private func expectLive(_ queue: Queue, _ holder: JobID) async {
        await #expect { try await queue.enqueue("g", options: [.unique("k")]) } throws: { error in
            (error as? JobsError)?.code == .alreadyLive && (error as? JobsError)?.ids == [holder]
        }
    }

    @Test func theKeyFollowsTheJobsState() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let first = try await queue.enqueue("f", options: [.unique("k")])
            #expect(try await queue.fetch(first)?.uniqueKey == "k")
            await expectLive(try redis.queue("other"), first)
            #expect(try await queue.enqueue("f", options: [.unique("k", whenLive: .adopt)]) == first)
            // Running, and crashed: still live.
            _ = try await redis.take(from: "q", lease: .zero)
            await expectLive(queue, first)
            _ = try await redis.repair("q")
            await expectLive(queue, first)
            _ = try await redis.finish(redis.take(from: "q", lease: .seconds(60))[0], value: "1")
            // Over.
            let second = try await queue.enqueue("f", options: [.unique("k")])
            await expectLive(queue, second)
            // Deleted, or expired.
            try await redis.client.send(RedisCommand("DEL", RedisArgument("rq:job:\(second)")))
            try await redis.client.send(RedisCommand("DEL", "rq:queue:q"))
            let third = try await queue.enqueue("f", options: [.unique("k")])
            #expect(try await queue.waiting() == [third])
        }
    }

    @Test func waitingForATimeIsLiveToo() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("f", options: [.unique("k"), .delay(.seconds(1000))])
            await expectLive(queue, id)
            try await queue.enqueue("f", options: [.unique("other")])
        }
    }

    /// An id that begins a new life without the key does not hold it.
    @Test func anIDThatWasUsedAgainWithoutTheKeyDoesNotHoldIt() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try JobID("j")
            try await queue.enqueue("f", options: [.id(id), .unique("k")])
            _ = try await redis.finish(redis.take(from: "q", lease: .seconds(60))[0], value: "1")
            try await queue.enqueue("f", options: [.id(id)])
            #expect(try await queue.enqueue("f", options: [.unique("k")]) != id)
        }
    }

    /// A failed job that is brought back has its key again, unless another has it meanwhile.
    @Test func requeueingKeepsTheKey() async throws {
        var handlers = HandlerRegistry()
        handlers.register("f") { (_: NoArguments, _) in throw PermanentFailure("no") }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let administration = JobAdministration(redis.client)
            let failed = try await queue.enqueue("f", options: [.unique("k")])
            try await redis.burst(registry)
            try await administration.requeue(failed)
            await expectLive(queue, failed)
            try await redis.burst(registry)
            let other = try await queue.enqueue("f", options: [.unique("k")])
            await #expect { try await administration.requeue(failed) } throws: {
                ($0 as? JobsError)?.code == .alreadyLive
            }
            #expect(try await queue.waiting() == [other])
        }
    }

    @Test func manyProducersAtOnceMakeOneJob() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let ids = try await withThrowingTaskGroup(of: JobID.self) { group in
                for _ in 0..<50 {
                    group.addTask { try await queue.enqueue("f", options: [.unique("k", whenLive: .adopt)]) }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(ids.count == 1)
            #expect(try await queue.waiting() == Array(ids))
        }
    }

    /// The protection is one line of the script: without it there are two.
    @Test func withoutTheGuardThereAreTwo() async throws {
        #expect(JobScripts.enqueue.source.contains(JobScripts.uniqueGuard))
        let mutant = RedisScript(
            name: "mutant", JobScripts.enqueue.source.replacing(JobScripts.uniqueGuard, with: "local holder = nil"))
        try await withRedis { redis in
            let queue = try redis.queue("q")
            try await queue.enqueue("f", options: [.unique("k")])
            let job = try NewJob("f", options: [.unique("k")])
            let arguments = try EnqueueSection.arguments(
                prefix: "rq", queue: queue.name, [(job, JobID("second"))])
            let reply = try await redis.client.run(mutant, keys: [], arguments: arguments)
            #expect(reply.array?.first?.text == "ok")
            #expect(try await queue.counts().queued == 2)
        }
    }
}
