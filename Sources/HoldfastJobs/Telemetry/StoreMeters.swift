public import CoreMetrics
public import HoldfastRedis
import HoldfastRuntime

/// What is in a store's queues and who works on them, as gauges that are brought up to date when somebody looks.
///
/// - `holdfast_job_queue_jobs`, with the dimensions `queue` and `state` (`queued`, `started`, `finished`, `failed`,
///   `deferred`, `scheduled`, `canceled`).
/// - `holdfast_job_queue_latency_seconds`, with `queue`: how long the next job has been waiting; 0 when none is.
/// - `holdfast_job_queue_paused`, with `queue`: 1 while it is paused, or all is suspended.
/// - `holdfast_job_workers`, with `state` (`busy`, `idle`, `other`): workers of the whole store, Python's included.
public struct StoreMeters: Sendable {
    private struct QueueMeters: Sendable {
        let jobs: [Meter]
        let latency: Meter
        let paused: Meter
    }

    private static let states = ["queued", "started", "finished", "failed", "deferred", "scheduled", "canceled"]
    private static let workerStates = ["busy", "idle", "other"]

    private let names: [QueueName]
    private let queues: [QueueMeters]
    private let workers: [Meter]
    private let keys: RQKeys

    /// - Parameter queues: Those to measure; a bounded set, since each makes series of its own.
    public init(_ factory: any MetricsFactory, queues: [QueueName], keys: RQKeys = .standard) {
        let prefix = "holdfast_job_"
        names = queues
        self.keys = keys
        self.queues = queues.map { queue in
            let dimensions = [("queue", queue.text)]
            return QueueMeters(
                jobs: Self.states.map {
                    Meter(label: prefix + "queue_jobs", dimensions: dimensions + [("state", $0)], factory: factory)
                },
                latency: Meter(label: prefix + "queue_latency_seconds", dimensions: dimensions, factory: factory),
                paused: Meter(label: prefix + "queue_paused", dimensions: dimensions, factory: factory))
        }
        workers = Self.workerStates.map {
            Meter(label: prefix + "workers", dimensions: [("state", $0)], factory: factory)
        }
    }

    /// - Throws: ``JobsError`` with `redis`; the gauges then keep their values.
    public func refresh(_ client: RedisClient) async throws(JobsError) {
        let (measured, isSuspended) = try await JobsError.wrapping { () async throws(RedisError) in
            try await JobsOverview.measure(names.map(\.text), client, keys)
        }
        for (meters, queue) in zip(queues, measured) {
            let counts = queue.counts
            let numbers = [
                counts.queued, counts.started, counts.finished, counts.failed, counts.deferred, counts.scheduled,
                counts.canceled,
            ]
            for (meter, number) in zip(meters.jobs, numbers) { meter.set(number) }
            meters.latency.set(queue.latency?.seconds ?? 0)
            meters.paused.set(queue.isPaused || isSuspended ? 1 : 0)
        }
        let states = try await JobsOverview.read(client, keys: keys).workers.map(\.state)
        let busy = states.count { $0 == "busy" }
        let idle = states.count { $0 == "idle" }
        for (meter, number) in zip(workers, [busy, idle, states.count - busy - idle]) { meter.set(number) }
    }
}
