import HoldfastRedis
import HoldfastRuntime
import Synchronization
import Testing

@testable import HoldfastJobs

/// What follows an outcome: callbacks as jobs of their own.
@Suite(.timeLimit(.minutes(1))) struct CallbackTests {
    private final class Calls: Sendable {
        private let calls = Mutex<[CallbackCall]>([])
        var all: [CallbackCall] { calls.withLock { $0 } }
        func add(_ call: CallbackCall) { calls.withLock { $0.append(call) } }
    }

    @Test func aSuccessIsTold() async throws {
        let calls = Calls()
        var handlers = HandlerRegistry()
        handlers.register("add") { (numbers: [Int], _) in numbers.reduce(0, +) }
        handlers.register("told") { (call: CallbackCall, _) in calls.add(call) }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("add", 1, 2, options: [.onSuccess("told"), .onFailure("told")])
            // Also when nothing of the job is kept.
            let gone = try await queue.enqueue("add", 3, options: [.onSuccess("told"), .resultTTL(.span(.zero))])
            try await redis.burst(registry)
            let all = calls.all.sorted { ($0.returnValue?.first ?? 0) < ($1.returnValue?.first ?? 0) }
            #expect(all.count == 2 && all.allSatisfy { $0.kind == .success && $0.queue == "q" && !$0.runsAgain })
            #expect(Set(all.map(\.jobID)) == [id.text, gone.text])
            #expect(try all.map { try $0.value(as: Int.self) } == [3, 3])
            #expect(try await redis.queue("q.callbacks").counts().finished == 2)
            #expect(try await queue.fetch(id)?.status == .finished)
        }
    }

    @Test func everyFailedExecutionIsTold() async throws {
        struct Broken: Error {}
        let calls = Calls()
        var handlers = HandlerRegistry()
        handlers.register("broken") { (_: NoArguments, _) in throw Broken() }
        handlers.register("told") { (call: CallbackCall, _) in calls.add(call) }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            try await queue.enqueue(
                "broken", options: [.retry(RetryPolicy(maximum: 1)), .onSuccess("told"), .onFailure("told")])
            try await redis.burst(registry)
            #expect(Set(calls.all.map(\.runsAgain)) == [true, false])
            #expect(calls.all.count == 2 && Set(calls.all.map(\.executionID)).count == 2)
            #expect(calls.all.allSatisfy { $0.kind == .failure && $0.failure?.contains("Broken") == true })
        }
    }

    /// Redis' cjson decodes numbers that it does not encode: such a record must not spoil its batch.
    @Test func aRecordThatCannotBeWrittenAgainSpoilsNoOther() async throws {
        var handlers = HandlerRegistry()
        handlers.register("f") { (_: NoArguments, _) in }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let ids = try await queue.enqueue([NewJob("f"), NewJob("f"), NewJob("f")])
            let hooks = #"[{"job_status": "finished", "url": "x", "timeout": 1e999}]"#
            try await redis.client.send(
                RedisCommand("HSET", RedisArgument("rq:job:\(ids[1])"), "webhooks", RedisArgument(hooks)))
            try await redis.burst(registry)
            for id in ids { #expect(try await queue.fetch(id)?.status == .finished) }
        }
    }

    /// RQ runs the job again when its success callback raises; here the job has run once.
    @Test func aFailingCallbackIsTriedByItself() async throws {
        struct Broken: Error {}
        let runs = Mutex((job: 0, callback: 0))
        var handlers = HandlerRegistry()
        handlers.register("job") { (_: NoArguments, _) in runs.withLock { $0.job += 1 } }
        handlers.register("told") { (_: CallbackCall, _) in
            runs.withLock { $0.callback += 1 }
            throw Broken()
        }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("job", options: [.onSuccess("told")])
            try await redis.burst(registry)
            #expect(runs.withLock { $0.job } == 1)
            #expect(runs.withLock { $0.callback } >= 1)
            #expect(try await queue.fetch(id)?.status == .finished)
            let callbacks = try redis.queue("q.callbacks")
            let waiting = try #require(try await callbacks.scheduled().first)
            let record = try #require(try await callbacks.fetch(waiting.id))
            #expect(record.retriesLeft ?? 0 < CallbackCall.retries.maximum)
        }
    }

    /// A completion that is sent twice, or comes too late, makes no second callback.
    @Test func anOutcomeIsToldOnce() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            try await queue.enqueue("f", options: [.onSuccess("told")])
            let stale = try await redis.take(from: "q", lease: .zero)[0]
            _ = try await redis.repair("q")
            let second = try await redis.take(from: "q", worker: "second", lease: .seconds(60))[0]
            #expect(try await redis.finish(stale, value: "1") == "stale")
            for expected in ["finished", "repeated"] {
                #expect(try await redis.finish(second, worker: "second", value: "2") == expected)
            }
            #expect(try await redis.queue("q.callbacks").waiting() == [JobID("\(second.id)-success")])
        }
    }

    @Test func aPoisonJobIsToldToo() async throws {
        try await withRedis { redis in
            try await redis.queue("q").enqueue("f", options: [.onFailure("told")])
            _ = try await redis.take(from: "q", lease: .zero)
            #expect(try await redis.repair("q", crashLimit: 1).map(\.action) == [.failed])
            #expect(try await redis.queue("q.callbacks").counts().queued == 1)
        }
    }
}
