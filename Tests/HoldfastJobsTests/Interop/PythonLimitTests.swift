import Foundation
import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import Synchronization
import Testing

@testable import HoldfastJobs

/// RQ 3.0's `RateLimit`, across the border of languages. RQ 2.12 knows none.
@Suite(.serialized, .timeLimit(.minutes(2))) struct PythonLimitTests {
    @Test func ourWorkerKeepsTheLimitOfPythonsJobs() async throws {
        let running = Atomic(0)
        let peak = Atomic(0)
        var handlers = HandlerRegistry()
        handlers.register("mytasks.add") { (numbers: [Int], context) in
            peak.max(running.add(1, ordering: .sequentiallyConsistent).newValue, ordering: .sequentiallyConsistent)
            try await context.runtime.sleep(for: .milliseconds(20))
            running.subtract(1, ordering: .sequentiallyConsistent)
            return numbers.reduce(0, +)
        }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let states = try await Python.newest.script(
                redis,
                """
                from rq import RateLimit
                limit = RateLimit('api', 2)
                for i in range(6):
                    q.enqueue('mytasks.add', i, 1, job_id=f'job-{i}', rate_limit=limit)
                print([Job.fetch(f'job-{i}', connection=redis, serializer='json').get_status().value for i in range(6)])
                """)
            #expect(
                states.contains("['queued', 'queued', 'rate_limited', 'rate_limited', 'rate_limited', 'rate_limited']"))
            var configuration = WorkerConfiguration()
            configuration.concurrency = 6
            let worker = try Worker(
                queues: [queue.name], client: redis.client, handlers: registry, configuration: configuration)
            try await withWorker(worker) {
                for number in 0..<6 {
                    _ = try await queue.wait(for: try JobID("job-\(number)"), patience: .seconds(60))
                }
            }
            #expect(peak.load(ordering: .sequentiallyConsistent) == 2)
        }
    }

    /// RQ's maintenance, like ours, leaves a deleted job its place while its handler may go on.
    @Test func pythonsMaintenanceLeavesADeletedJobItsPlace() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let ids = try await queue.enqueue(
                try (0..<2).map { try NewJob("mytasks.add", $0, 1, options: [.limit("api", concurrency: 1)]) })
            let execution = try await redis.take(from: "q", lease: .seconds(60))[0]
            try await JobAdministration(redis.client).delete(ids[0], evenIfRunning: true)
            let clean =
                "from rq.rate_limit import RateLimitRegistry\nRateLimitRegistry('api', redis).cleanup()\nprint(q.count)"
            #expect(try await Python.newest.script(redis, clean) == "0")
            try await redis.part(execution)
            #expect(try await Python.newest.script(redis, clean) == "1")
        }
    }

    @Test func pythonsWorkerLetsInWhatWeEnqueued() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let ids = try await queue.enqueue(
                try (0..<4).map { try NewJob("mytasks.add", $0, 1, options: [.limit("api", concurrency: 1)]) })
            #expect(try await queue.waiting() == [ids[0]])
            try "def add(a, b):\n    return a + b\n".write(
                to: redis.directory.appending(path: "mytasks.py"), atomically: true, encoding: .utf8)
            let count = "RateLimitRegistry('api', redis).get_rate_limited_job_count()"
            let waiting = try await Python.newest.script(
                redis, "from rq.rate_limit import RateLimitRegistry\nprint(\(count))")
            #expect(waiting == "3")
            try await Python.newest.work(redis, "q")
            let answer = try await Python.newest.script(
                redis,
                """
                print(q.count, [Job.fetch(i, connection=redis, serializer='json').return_value()
                                for i in '\(ids.map(\.text).joined(separator: " "))'.split()])
                """)
            #expect(answer == "0 [1, 2, 3, 4]")
        }
    }
}
