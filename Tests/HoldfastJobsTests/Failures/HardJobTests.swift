import Foundation
import HoldfastRedis
import HoldfastRuntime
import JobFaults
import RedisFixture
import Synchronization
import Testing

@testable import HoldfastJobs

/// Jobs that are hard on their worker: it must go on with the others.
@Suite(.serialized, .timeLimit(.minutes(3))) struct HardJobTests {
    private func worker(
        _ redis: Fixture, _ handlers: HandlerRegistry, log: EventLog = EventLog(),
        _ change: (inout WorkerConfiguration) -> Void = { _ in }
    ) throws -> Worker {
        var handlers = handlers
        Effects(on: redis.client).register(in: &handlers)
        var configuration = WorkerConfiguration()
        configuration.maintenanceInterval = .milliseconds(100)
        change(&configuration)
        return try Worker(
            queues: [QueueName("q")], client: redis.client, handlers: handlers, configuration: configuration,
            observe: log.observe)
    }

    @Test func aJobWhoseRecordExpiredWhileItWaitedIsSkipped() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let expired = try await queue.enqueue(
                (0..<3).map { try NewJob(Effects.function, $0, options: .init(queueTTL: .seconds(3600))) })
            let ids = try await queue.enqueue((0..<3).map { try NewJob(Effects.function, $0) })
            for id in expired {
                try await redis.client.send(RedisCommand("PEXPIRE", RedisArgument("rq:job:\(id)"), 0))
            }
            let log = EventLog()
            let worker = try worker(redis, HandlerRegistry(), log: log)
            try await withWorker(worker) {
                for id in ids { _ = try await queue.wait(for: id, patience: .seconds(60)) }
            }
            #expect(worker.counters.skipped == 3 && worker.counters.finished == 3)
        }
    }

    /// 64 MiB: refused where it is made, and where a foreign producer made it.
    @Test func aHugePayloadIsRefusedWithASentence() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let huge = String(repeating: "x", count: 64 << 20)
            let refusal = await #expect(throws: JobsError.self) { try await queue.enqueue(Effects.function, huge) }
            #expect(refusal?.code == .tooLarge && refusal?.message.contains("store the data elsewhere") == true)
            #expect(try await queue.counts().queued == 0)
            let json = Array("[\"\(Effects.function)\", null, [\"".utf8) + Array(huge.utf8) + Array("\"], {}]".utf8)
            // As it is, and as a small bomb that inflates to it.
            for (id, data) in [("plain", json), ("bomb", Zlib.deflate(json))] {
                try await redis.client.send(
                    RedisCommand(
                        "HSET", RedisArgument("rq:job:\(id)"), "data", RedisArgument(data), "origin", "q", "status",
                        "queued"))
                try await redis.client.send(RedisCommand("SADD", "rq:queues", "rq:queue:q"))
                try await redis.client.send(RedisCommand("RPUSH", "rq:queue:q", RedisArgument(id)))
            }
            try await withWorker(try worker(redis, HandlerRegistry())) {
                for id in ["plain", "bomb"] {
                    let result = try await queue.wait(for: try JobID(id), patience: .seconds(60))
                    #expect(result.outcome == .failed && result.failure?.contains("more than 16777216 bytes") == true)
                }
                let next = try await queue.enqueue(Effects.function, 1)
                _ = try await queue.wait(for: next, patience: .seconds(60))
            }
        }
    }

    /// Swift's tasks share a few threads. One handler that computes without ever suspending keeps one of them; the
    /// others' jobs run, and its own lease is renewed.
    @Test func aHandlerThatNeverYieldsDoesNotStopTheOthers() async throws {
        let isOver = Atomic<Bool>(false)
        let attempts = Mutex<[Int]>([])
        var handlers = HandlerRegistry()
        handlers.register("spins") { (_: NoArguments, context) in
            attempts.withLock { $0.append(context.attempt) }
            while !isOver.load(ordering: .relaxed) {}
        }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let log = EventLog()
            let worker = try worker(redis, registry, log: log) { $0.lease = .seconds(3) }
            try await withWorker(worker) {
                let spinning = try await queue.enqueue("spins")
                await log.wait(for: { if case .taken = $0 { true } else { false } })
                let member = RedisArgument("\(spinning):\(try #require(worker.running.first).executionID)")
                func lease() async throws -> Double {
                    try #require(Double(try await redis.text("ZSCORE", "rq:lease:q", member) ?? ""))
                }
                let first = try await lease()
                let ids = try await queue.enqueue((0..<40).map { try NewJob(Effects.function, $0) })
                for id in ids { _ = try await queue.wait(for: id, patience: .seconds(60)) }
                // Renewed beyond its first end.
                while try await lease() < first + 3 {
                    try await redis.client.runtime.sleep(for: .milliseconds(50))
                }
                isOver.store(true, ordering: .relaxed)
                _ = try await queue.wait(for: spinning, patience: .seconds(60))
            }
            #expect(attempts.withLock { $0 } == [1] && worker.counters.leasesLost == 0)
        }
    }

    /// Tasks that a handler leaves behind are not the worker's: it neither waits for them nor counts them.
    @Test func aHandlerThatLeaksTasksDelaysNobody() async throws {
        let gate = Gate()
        let ended = Counter()
        var handlers = HandlerRegistry()
        handlers.register("leaks") { (_: NoArguments, _) in
            for _ in 0..<20 {
                Task {
                    try? await gate.pass()
                    ended.increment()
                }
            }
        }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let worker = try worker(redis, registry) { $0.burst = true }
            let ids = try await queue.enqueue((0..<50).map { _ in try NewJob("leaks") })
            try await worker.run()
            #expect(worker.counters.finished == ids.count && ended.value == 0)
        }
        gate.open()
        while ended.value < 1000 { await Task.yield() }
    }
}
