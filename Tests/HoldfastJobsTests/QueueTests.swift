import HoldfastRedis
import HoldfastRuntime
import Testing

@testable import HoldfastJobs

@Suite(.timeLimit(.minutes(1))) struct QueueTests {
    @Test func anEnqueuedJobHasRQsRecord() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("default")
            let options = JobOptions(
                id: try JobID("j1"), timeout: .seconds(30), resultTTL: .forever, failureTTL: .span(.milliseconds(1500)),
                retry: .init(maximum: 2, intervals: [.seconds(1), .seconds(2)]), meta: ["k": [1, 2]])
            #expect(try await queue.enqueue("tasks.add", 1, keywords: ["b": 2], options: options).text == "j1")
            let job = try #require(try await queue.fetch(JobID("j1")))
            #expect(job.status == .queued && job.queue.text == "default" && job.timeout == .seconds(30))
            #expect(job.resultTTL == .forever && job.failureTTL == .span(.seconds(2)))
            #expect(job.retriesLeft == 2 && job.retryIntervals == [1, 2])
            #expect(job.description == "tasks.add(1, b=2)")
            #expect(String(decoding: job.meta, as: UTF8.self) == #"{"k": [1,2]}"#)
            #expect(job.createdAt != nil && job.enqueuedAt == job.createdAt && job.startedAt == nil)
            #expect(try job.payload().function() == "tasks.add")
            #expect(try await queue.waiting() == [JobID("j1")])
            #expect(try await queue.counts().queued == 1)
            #expect(try await redis.text("SISMEMBER", "rq:queues", "rq:queue:default") == "1")
        }
    }

    @Test func aLiveIDIsRefusedAndNothingIsWritten() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try JobID("once")
            try await queue.enqueue("f", 1, options: .init(id: id))
            await #expect { try await queue.enqueue("f", 2, options: .init(id: id)) } throws: { error in
                let error = error as? JobsError
                return error?.code == .alreadyLive && error?.ids == [id]
            }
            // Running is live too.
            _ = try await redis.take(from: "q", lease: .seconds(60))
            await #expect(throws: JobsError.self) { try await queue.enqueue("f", 2, options: .init(id: id)) }
            #expect(try await queue.fetch(id)?.description == "f(1)")
        }
    }

    @Test func aBatchIsAllOrNothing() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try JobID("live")
            try await queue.enqueue("f", options: .init(id: id))
            let more = try [NewJob("g"), NewJob("g", options: .init(id: id))]
            await #expect(throws: JobsError.self) { try await queue.enqueue(more) }
            #expect(try await queue.counts().queued == 1)
            await #expect { try await queue.enqueue([more[1], more[1]]) } throws: {
                ($0 as? JobsError)?.code == .invalid
            }
            let before = redis.client.writeCounters.commands
            let ids = try await queue.enqueue((0..<500).map { try NewJob("g", $0) })
            #expect(redis.client.writeCounters.commands - before == 1)
            #expect(try await queue.waiting(limit: 1000) == [id] + ids)
            #expect(try await queue.enqueue([NewJob]()) == [])
        }
    }

    @Test func doubledEnqueuesAtOnceMakeOneJob() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try JobID("once")
            let made = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<50 {
                    group.addTask { (try? await queue.enqueue("f", number, options: .init(id: id))) != nil }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(made == 1)
            #expect(try await queue.waiting() == [id])
        }
    }

    @Test func theFrontIsTheFront() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let last = try await queue.enqueue("f")
            let first = try await queue.enqueue("f", options: .init(atFront: true))
            #expect(try await queue.waiting() == [first, last])
        }
    }

    @Test func anIDThatIsOverBeginsAnewAndItsTokenGoesOn() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try JobID("again")
            for round in 1...3 {
                try await queue.enqueue("f", options: .init(id: id))
                let taken = try await redis.take(from: "q", lease: .seconds(60))
                #expect(taken.map(\.token) == [Int64(round)] && taken.map(\.attempt) == [1])
                #expect(try await redis.finish(taken[0], value: "\(round)") == "finished")
                #expect(try await queue.wait(for: id, patience: .seconds(5)).value(as: Int.self) == round)
            }
            #expect(try await redis.text("XLEN", "rq:results:again") == "1")
        }
    }

    @Test func waitingForNothingEnds() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            await #expect { try await queue.wait(for: JobID("none"), patience: .seconds(5)) } throws: {
                ($0 as? JobsError)?.code == .noSuchJob
            }
            let id = try await queue.enqueue("f")
            await #expect { try await queue.wait(for: id, patience: .milliseconds(20)) } throws: {
                ($0 as? JobsError)?.code == .timedOut
            }
        }
    }

    @Test func aCancelledWaitLeavesNothingBehind() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("f")
            func blocked() async throws -> Bool {
                try #require(try await redis.text("INFO", "clients")).contains("blocked_clients:1")
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await queue.wait(for: id, patience: .seconds(600)) }
                while try await !blocked() { try await redis.client.runtime.sleep(for: .milliseconds(10)) }
                group.cancelAll()
                await #expect(throws: JobsError.self) { try await group.next() }
            }
            while try await blocked() { try await redis.client.runtime.sleep(for: .milliseconds(10)) }
            // The next one waits as if nothing had been.
            _ = try await redis.finish(redis.take(from: "q", lease: .seconds(60))[0], value: "1")
            #expect(try await queue.wait(for: id, patience: .seconds(30)).value(as: Int.self) == 1)
        }
    }

    @Test(arguments: [
        JobOptions(timeout: .zero), JobOptions(queueTTL: .zero), JobOptions(retry: .init(maximum: 0)),
        JobOptions(retry: .init(maximum: 1, intervals: [.seconds(-1)])),
    ])
    func refusesImpossibleOptions(_ options: JobOptions) async throws {
        try await withRedis { redis in
            await #expect { try await redis.queue("q").enqueue("f", options: options) } throws: {
                ($0 as? JobsError)?.code == .invalid
            }
        }
    }

    @Test func aServerThatIsGoneIsOneSentence() async throws {
        let client = RedisClient(try RedisConfiguration(url: "redis://127.0.0.1:1"), scripts: JobScripts.all)
        let queue = try Queue("q", client: client)
        await #expect { try await queue.enqueue("f") } throws: { ($0 as? JobsError)?.redis?.code == .unreachable }
        await client.close()
    }
}
