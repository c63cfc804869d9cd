public import HoldfastJobs
public import HoldfastRedis
import HoldfastRuntime
import Logging
import Synchronization

/// Jobs through a queue as fast as they go: enqueued one by one and in bulk, drained, and picked up by an idle worker.
public struct JobLoad: Sendable {
    /// How many are drained.
    public var jobs: Int
    /// Workers in this process, each with a connection of its own.
    public var workers = 1
    /// Of each worker.
    public var concurrency = 32
    /// Bytes of text that each job carries.
    public var payload = 64
    /// Whether results are kept for RQ's 500 s, or no job leaves anything, as in queues that know no results.
    public var keepsResults = true
    /// How many jobs an idle worker is to pick up.
    public var pickups = 200
    /// From one of those to the next.
    public var pickupInterval: Duration = .milliseconds(10)

    public init(jobs: Int) { self.jobs = jobs }

    /// Callers that enqueue one job a call, and those that enqueue ``bulk`` a call.
    public static let producers = 16
    public static let bulkProducers = 2
    public static let bulk = 1000
    /// All keys begin with it, so that no queue of the server's own is touched.
    public static let keys: RQKeys = {
        do { return try RQKeys(prefix: "holdfast-bench") } catch { preconditionFailure("\(error)") }
    }()

    private static let function = "bench.nothing"
    private static let pickupFunction = "bench.pickup"

    /// Runs the load, and removes its keys before and after.
    ///
    /// - Parameters:
    ///   - connect: Makes a client that knows ``JobScripts/all``; the load closes it.
    ///   - progress: Told of the phase that begins.
    /// - Throws: `JobsError` or `RedisError`, ``JobLoadError`` when jobs are missing at the end, `CancellationError`.
    public func run(
        connect: @escaping @Sendable () throws -> RedisClient,
        progress: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> JobFigures {
        let client = try connect()
        do {
            try await client.ready()
            try await Self.clear(client)
            let figures = try await measure(client, connect, progress)
            try await Self.clear(client)
            await client.close()
            return figures
        } catch {
            try? await Self.clear(client)
            await client.close()
            throw error
        }
    }

    private func measure(
        _ client: RedisClient, _ connect: @escaping @Sendable () throws -> RedisClient,
        _ progress: @Sendable (String) -> Void
    ) async throws -> JobFigures {
        var figures = JobFigures(jobs: jobs)
        let queue = Queue(try QueueName("bench"), client: client, keys: Self.keys)
        let single = max(1, min(jobs / 10, 20_000))
        progress("enqueueing \(single) jobs one by one")
        figures.enqueue = try await enqueue(single, from: 0, callers: Self.producers, batch: 1, queue)
        if jobs > single {
            progress("enqueueing \(jobs - single) jobs in bulk")
            figures.bulk = try await enqueue(
                jobs - single, from: single, callers: Self.bulkProducers, batch: Self.bulk, queue)
        }
        progress("draining \(jobs) jobs")
        try await drain(queue, connect, &figures)
        progress("waiting for an idle worker, \(pickups) times")
        figures.pickup = try await pickUp(queue, connect)
        return figures
    }

    // MARK: - Enqueueing

    private func enqueue(
        _ count: Int, from first: Int, callers: Int, batch: Int, _ queue: Queue
    ) async throws -> Throughput {
        let text = String(repeating: "x", count: payload)
        let options = JobOptions(resultTTL: keepsResults ? nil : .span(.zero))
        let shared = Shared()
        let runtime = queue.client.runtime
        let start = runtime.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<callers {
                group.addTask {
                    while true {
                        let begin = shared.next.add(batch, ordering: .relaxed).oldValue
                        guard begin < count else { return }
                        let numbers = first + begin..<first + min(begin + batch, count)
                        try await queue.enqueue(
                            try numbers.map { try NewJob(Self.function, $0, text, options: options) })
                    }
                }
            }
            try await group.waitForAll()
        }
        return Throughput(operations: count, elapsed: start.duration(to: runtime.now))
    }

    // MARK: - Draining

    private struct Call: Decodable {
        var number: Int
        var text: String
    }

    private func drain(
        _ queue: Queue, _ connect: @escaping @Sendable () throws -> RedisClient, _ figures: inout JobFigures
    ) async throws {
        var handlers = HandlerRegistry()
        handlers.register(Self.function) { (_: Call, _: JobContext) in }
        let crew = try (0..<workers).map { _ in
            let client = try connect()
            return (client, try worker(queue.name, client, handlers, burst: true))
        }
        let runtime = queue.client.runtime
        for (client, _) in crew { try await client.ready() }
        let shared = Shared()
        let watch = runtime.own {
            while !Task.isCancelled {
                shared.peak.max(ProcessMemory.resident, ordering: .relaxed)
                try? await runtime.sleep(for: .milliseconds(20))
            }
        }
        let server = try await ServerMeters(queue.client)
        let flushes = crew.reduce(0) { $0 + $1.0.writeCounters.batches }
        let cpu = ProcessTime.used
        let start = runtime.now
        let outcome: Result<Void, any Error>
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (_, worker) in crew { group.addTask { try await worker.run() } }
                try await group.waitForAll()
            }
            outcome = .success(())
        } catch { outcome = .failure(error) }
        figures.drain = Throughput(operations: jobs, elapsed: start.duration(to: runtime.now))
        figures.cpu = ProcessTime.used - cpu
        figures.roundTrips = crew.reduce(0) { $0 + $1.0.writeCounters.batches } - flushes
        figures.server = try await ServerMeters(queue.client) - server
        await watch.end()
        figures.resident = max(shared.peak.load(ordering: .relaxed), ProcessMemory.resident)
        for (client, _) in crew { await client.close() }
        try outcome.get()
        let finished = crew.reduce(0) { $0 + $1.1.counters.finished }
        guard finished == jobs else { throw JobLoadError(expected: jobs, finished: finished) }
    }

    private func worker(
        _ queue: QueueName, _ client: RedisClient, _ handlers: HandlerRegistry, burst: Bool
    ) throws -> Worker {
        var configuration = WorkerConfiguration()
        configuration.concurrency = concurrency
        configuration.burst = burst
        var logger = Logger(label: "holdfast.bench")
        logger.logLevel = .error
        return try Worker(
            queues: [queue], client: client, handlers: handlers, configuration: configuration, keys: Self.keys,
            logger: logger)
    }

    // MARK: - Picking up

    /// An open loop: each job is due at a moment of its own, whether or not the one before was picked up, and its span
    /// counts from that moment to its handler's first step.
    private func pickUp(
        _ queue: Queue, _ connect: @escaping @Sendable () throws -> RedisClient
    ) async throws -> Latencies {
        let shared = Shared()
        var handlers = HandlerRegistry()
        handlers.register(Self.pickupFunction) { (due: Int64, context: JobContext) in
            let span = Instant(nanoseconds: due).duration(to: context.runtime.now)
            shared.spans.withLock { $0.record(span) }
        }
        let client = try connect()
        try await client.ready()
        let worker = try worker(queue.name, client, handlers, burst: false)
        let (count, interval, runtime) = (pickups, pickupInterval, queue.client.runtime)
        let outcome: Result<Void, any Error>
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await worker.run() }
                // A first one, whose span is left out: connections and buffers are made by it.
                try await queue.enqueue(Self.pickupFunction, runtime.now.nanoseconds)
                while shared.spans.withLock({ $0.count }) < 1 { try await runtime.sleep(for: .milliseconds(5)) }
                shared.spans.withLock { $0 = Latencies() }
                var due = runtime.now.advanced(by: .milliseconds(100))
                for _ in 0..<count {
                    try await runtime.sleep(until: due)
                    let moment = due.nanoseconds
                    group.addTask { try await queue.enqueue(Self.pickupFunction, moment) }
                    due = due.advanced(by: interval)
                }
                while shared.spans.withLock({ $0.count }) < count { try await runtime.sleep(for: .milliseconds(5)) }
                worker.shutdown()
                try await group.waitForAll()
            }
            outcome = .success(())
        } catch { outcome = .failure(error) }
        await client.close()
        try outcome.get()
        return shared.spans.withLock { $0 }
    }

    // MARK: -

    private final class Shared: Sendable {
        let next = Atomic<Int>(0)
        let peak = Atomic<Int>(0)
        let spans = Mutex(Latencies())
    }

    private static func clear(_ client: RedisClient) async throws {
        var cursor = "0"
        repeat {
            let reply = try await client.send(
                RedisCommand("SCAN", RedisArgument(cursor), "MATCH", RedisArgument("\(keys.prefix):*"), "COUNT", 1000))
            guard let parts = reply.array, parts.count == 2, let next = parts[0].text else { return }
            let found = (parts[1].array ?? []).compactMap(\.bytes)
            if !found.isEmpty {
                try await client.send(RedisCommand("UNLINK", arguments: found.map { RedisArgument($0) }))
            }
            cursor = next
        } while cursor != "0"
    }
}

/// Jobs did not come to their end.
public struct JobLoadError: Error, CustomStringConvertible {
    public var expected: Int
    public var finished: Int

    public var description: String {
        "\(finished) of \(expected) jobs were finished: does another worker serve this prefix, or is the server full?"
    }
}
