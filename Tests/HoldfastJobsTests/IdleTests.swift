import HoldfastRedis
import HoldfastRuntime
import Synchronization
import Testing

@testable import HoldfastJobs

/// What an idle worker asks of the server.
@Suite(.timeLimit(.minutes(1))) struct IdleTests {
    /// Each empty take arms the watcher, whether it waits already or not. Woken, it must not ask again before the next
    /// take has looked: it would be answered at once, and have the queues looked at once more for each job.
    @Test func aWatcherThatWasWokenWaitsForTheNextTake() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let watcher = QueueWatcher(queue.name, .standard, client: redis.client)
            let found = Mutex(0)
            let task = redis.client.runtime.own { await watcher.run { found.withLock { $0 += 1 } } }
            watcher.arm()
            while try await redis.text("INFO", "clients")?.contains("blocked_clients:1") != true {}
            watcher.arm()
            try await queue.enqueue("f")
            while found.withLock({ $0 }) == 0 { await Task.yield() }
            // Time enough for a watcher that does not wait to ask many times.
            for _ in 0..<200 { try await redis.client.send(RedisCommand("PING")) }
            #expect(found.withLock { $0 } == 1)
            watcher.arm()
            while found.withLock({ $0 }) == 1 { await Task.yield() }
            await task.end()
        }
    }
}
