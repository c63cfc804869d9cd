public import CoreMetrics
public import Tracing

/// Where a worker tells what it does: metrics to swift-metrics, spans to swift-distributed-tracing.
///
/// Metrics, all beginning with `holdfast_job_`; each has the dimension `queue` unless said otherwise:
/// - `executions`, a counter with the dimension `outcome`: `finished`, `failed` (for good), `requeued` and `scheduled`
///   (failed, and tried again), `stopped` (on request), `returned` (given back unfinished), `stale` (the outcome was
///   refused, because somebody else has the job), `lost` (the outcome could not be recorded).
/// - `run_seconds`, a timer: from the call of the handler to its end; not for those given back.
/// - `wait_seconds`, a timer: from when the job entered its queue until it was taken.
/// - `running`, a meter: executions that this worker holds.
/// - `leases_lost`, `stale_completions_refused`, counters.
/// - `recoveries`, a counter with the dimension `action`: executions of lost workers that this one has repaired, by
///   what became of them: `requeued`, `failed` (too many crashes) or `dropped` (nothing was left to do).
/// - `recovery_delay_seconds`, a timer: from the end of a lost worker's lease until the repair.
/// - `redis_troubles`, a counter without dimension: times that Redis could not be used.
///
/// Spans: `holdfast.job.run`, of the kind consumer, around each handler; the producer's context, which
/// ``Queue/enqueue(_:)`` stores with the job, is its parent. Where nothing is set up for them they cost next to
/// nothing.
public struct JobTelemetry: Sendable {
    public var metrics: any MetricsFactory
    public var tracer: any Tracer

    public init(metrics: any MetricsFactory, tracer: any Tracer) {
        self.metrics = metrics
        self.tracer = tracer
    }

    /// What the process has set up, at the time of this call.
    public static var system: JobTelemetry {
        JobTelemetry(metrics: MetricsSystem.factory, tracer: InstrumentationSystem.tracer)
    }
}
