import HoldfastCluster
import HoldfastJobs
import HoldfastMeasurement
import HoldfastRedis
import HoldfastRuntime

/// Jobs through the queue: enqueued in batches, then drained by one worker.
struct JobBenchmark {
    let cluster: LocalCluster
    let span: Duration

    private struct Call: Decodable { var number: Int }

    func run() async throws {
        let client = RedisClient(try RedisConfiguration(url: cluster.storeURLs[0]), scripts: JobScripts.all)
        let queue = try Queue("bench", client: client)
        let enqueued = try await Throughput.closedLoop(callers: 1, for: span) {
            _, turn in
            _ = try await queue.enqueue(
                (0..<100).map { try NewJob("bench.nothing", keywords: ["number": turn * 100 + $0]) })
        }
        print(Row.of("enqueue, 100 a call", enqueued, callers: 1))
        var handlers = HandlerRegistry()
        handlers.register("bench.nothing") { (_: Call, _: JobContext) in }
        for concurrency in [1, 16, 64] {
            try await drain(queue, client, handlers, concurrency)
        }
        await client.close()
    }

    private func drain(
        _ queue: Queue, _ client: RedisClient, _ handlers: HandlerRegistry, _ concurrency: Int
    ) async throws {
        try await client.send(RedisCommand("FLUSHALL"))
        let jobs = 2000 * concurrency.clamped(to: 1...8)
        for start in stride(from: 0, to: jobs, by: 500) {
            _ = try await queue.enqueue(
                (start..<start + 500).map { try NewJob("bench.nothing", keywords: ["number": $0]) })
        }
        var configuration = WorkerConfiguration()
        configuration.burst = true
        configuration.concurrency = concurrency
        let runtime = LiveRuntime()
        let start = runtime.now
        try await Worker(queues: [queue.name], client: client, handlers: handlers, configuration: configuration).run()
        let elapsed = start.duration(to: runtime.now)
        let result = Throughput(operations: jobs, elapsed: elapsed)
        print(Row.of("jobs drained by one worker", result, callers: concurrency))
    }
}

extension Comparable {
    fileprivate func clamped(to bounds: ClosedRange<Self>) -> Self {
        min(max(self, bounds.lowerBound), bounds.upperBound)
    }
}
