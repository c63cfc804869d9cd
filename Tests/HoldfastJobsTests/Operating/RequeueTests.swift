import HoldfastRedis
import HoldfastRuntime
import Testing

@testable import HoldfastJobs

/// Who waits for a job that failed and was requeued waits for its new outcome.
@Suite(.timeLimit(.minutes(1))) struct RequeueTests {
    @Test func aRequeuedJobIsWaitedForAnew() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("f")
            let first = try await redis.take(from: "q", lease: .seconds(60))[0]
            #expect(try await redis.complete([(first, .failure(reason: "no", retry: .never))]) == ["failed"])
            #expect(try await queue.wait(for: id, patience: .zero).failure == "no")
            try await JobAdministration(redis.client).requeue(id)
            await #expect { try await queue.wait(for: id, patience: .zero) } throws: {
                ($0 as? JobsError)?.code == .timedOut
            }
            // Also while it runs, and by who began to wait before.
            let second = try await redis.take(from: "q", lease: .seconds(60))[0]
            async let outcome = queue.wait(for: id, patience: .seconds(30))
            while try await redis.client.send(RedisCommand("INFO", "clients")).text?.contains("blocked_clients:1")
                != true
            {
                try await redis.client.runtime.sleep(for: .milliseconds(5))
            }
            #expect(try await redis.finish(second, value: "7") == "finished")
            #expect(try await outcome.value(as: Int.self) == 7)
        }
    }

    /// And fails again: the newer failure counts.
    @Test func theNewerFailureCounts() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("f")
            for reason in ["first", "second"] {
                let execution = try await redis.take(from: "q", lease: .seconds(60))[0]
                _ = try await redis.complete([(execution, .failure(reason: reason, retry: .never))])
                #expect(try await queue.wait(for: id, patience: .seconds(30)).failure == reason)
                if reason == "first" { try await JobAdministration(redis.client).requeue(id) }
            }
        }
    }
}
