import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import Synchronization
import Testing

@testable import HoldfastJobs

/// Batches are bounded in bytes, and one outcome's trouble stays its own.
@Suite(.serialized, .timeLimit(.minutes(2))) struct BatchBoundTests {
    @Test func aTakeEndsWhereItsJobsBecomeTooBig() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let ids = try await queue.enqueue(try (0..<5).map { try NewJob("f", $0) })
            for id in ids { try await fill(redis, id, bytes: 12 << 20) }
            #expect(
                try await redis.take(5, from: "q", worker: "a", lease: .seconds(60)).map(\.job) == Array(ids[0..<2]))
            #expect(try await queue.waiting() == Array(ids[2...]), "what did not fit waits where it was")
            #expect(
                try await redis.take(5, from: "q", worker: "b", lease: .seconds(60)).map(\.job) == Array(ids[2..<4]))
            #expect(try await redis.take(5, from: "q", worker: "c", lease: .seconds(60)).map(\.job) == [ids[4]])
        }
    }

    @Test func aJobAboveTheBoundIsTakenAlone() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let small = try await queue.enqueue("f")
            let huge = try await queue.enqueue("f")
            try await fill(redis, huge, bytes: JobScripts.maximumTakenBytes + 1)
            #expect(try await redis.take(2, from: "q", worker: "a", lease: .seconds(60)).map(\.job) == [small])
            #expect(try await redis.take(2, from: "q", worker: "b", lease: .seconds(60)).map(\.job) == [huge])
        }
    }

    @Test func aBurstWorkerDoesNotTakeACutBatchForTheEnd() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            for id in try await queue.enqueue(try (0..<5).map { try NewJob("f", $0) }) {
                try await fill(redis, id, bytes: 12 << 20)
            }
            var handlers = HandlerRegistry()
            // Its results are as big, so the completions are cut as well.
            handlers.register("f") { (text: String, _) in text }
            var configuration = WorkerConfiguration()
            configuration.burst = true
            configuration.concurrency = 8
            try await Worker(
                queues: [queue.name], client: redis.client, handlers: handlers, configuration: configuration
            ).run()
            let counts = try await queue.counts()
            #expect(counts.finished == 5 && counts.queued == 0)
        }
    }

    /// Gives a job the arguments of a producer that neither compresses nor bounds them.
    private func fill(_ redis: Fixture, _ id: JobID, bytes: Int) async throws {
        let data = #"["f", null, [""# + String(repeating: "x", count: bytes) + #""], {}]"#
        try await redis.client.send(RedisCommand("HSET", RedisArgument("rq:job:\(id)"), "data", RedisArgument(data)))
    }

    @Test(arguments: ["nan", "1e999", "12345678901", "soon", ""])
    func nonsenseInOneRecordDoesNotSpoilTheRegistryOfTheBatch(_ nonsense: String) async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let ids = try await queue.enqueue(try (0..<3).map { try NewJob("f", $0) })
            for field in ["result_ttl", "failure_ttl"] {
                try await redis.client.send(
                    RedisCommand(
                        "HSET", RedisArgument("rq:job:\(ids[1])"), RedisArgument(field), RedisArgument(nonsense)))
            }
            let jobs = try await redis.take(3, from: "q", lease: .seconds(60))
            let verdicts = try await redis.complete([
                (jobs[0], .success(nil)), (jobs[1], .success(nil)), (jobs[2], .success(nil)),
            ])
            #expect(verdicts == ["finished", "finished", "finished"])
            #expect(try await queue.counts().finished == 3)
            #expect(try await redis.text("TTL", RedisArgument("rq:job:\(ids[1])")).flatMap(Int.init) ?? 0 > 400)
        }
    }

    /// An error of Lua itself in one outcome's steps, which a mutant of the script has.
    @Test func anErrorInOneOutcomesStepsFailsItsJobAndNoOther() async throws {
        let first = "function settle.value("
        let source = try JobScripts.generalCompletion().source
        let steps = "local hash, plain, repeats = P .. ':job:' .. job, tonumber(keep), 0"
        #expect(source.contains(first) && source.contains(steps))
        let mutant = RedisScript(
            name: "mutant", source.replacing(steps, with: "if value == 'MQ==' then error('broken') end " + steps))
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let ids = try await queue.enqueue(try (0..<3).map { try NewJob("f", $0) })
            let jobs = try await redis.take(3, from: "q", lease: .seconds(60))
            let now = redis.client.runtime.now
            let completions = jobs.enumerated().map { index, job in
                Completion(
                    execution: job, outcome: .success(Array("\(index)".utf8)), begunAt: job.claimedAt, span: .zero,
                    endedAt: now)
            }
            let (trouble, verdicts) = try await redis.record(completions, by: mutant)
            #expect(trouble.contains("broken") && verdicts == ["finished", "failed", "finished"], "\(trouble)")
            let counts = try await queue.counts()
            #expect(counts.finished == 2 && counts.failed == 1 && counts.queued == 0)
            #expect(try await queue.fetch(ids[1])?.status == .failed)
        }
    }

    /// The record of a failure that is kept for no time goes with it; its repeat is no stale outcome.
    @Test func aRepeatIsRecognisedWhereTheFailuresRecordIsGone() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("f", options: .init(failureTTL: .span(.zero)))
            let job = try await redis.take(from: "q", lease: .seconds(60))[0]
            let outcome = Outcome.failure(reason: "no", retry: .never)
            #expect(try await redis.complete([(job, outcome)]) == ["failed"])
            #expect(try await queue.fetch(id) == nil)
            #expect(try await redis.complete([(job, outcome)]) == ["repeated"])
        }
    }

    /// A server that is out of memory is not an empty queue.
    @Test func aBurstWorkerWaitsForAServerThatIsOutOfMemory() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("f")
            var handlers = HandlerRegistry()
            handlers.register("f") { (_: NoArguments, _) in }
            var configuration = WorkerConfiguration()
            configuration.burst = true
            let troubles = Mutex(0)
            let worker = try Worker(
                queues: [queue.name], client: redis.client, handlers: handlers, configuration: configuration,
                observe: { if case .troubled = $0 { troubles.withLock { $0 += 1 } } })
            let other = RedisClient(try RedisConfiguration(url: redis.server.url))
            try await other.send(RedisCommand("CONFIG", "SET", "maxmemory", "1"))
            async let end: Void = worker.run()
            while troubles.withLock({ $0 }) < 2 { try await redis.client.runtime.sleep(for: .milliseconds(5)) }
            try await other.send(RedisCommand("CONFIG", "SET", "maxmemory", "0"))
            try await end
            await other.close()
            #expect(try await queue.fetch(id)?.status == .finished)
        }
    }
}
