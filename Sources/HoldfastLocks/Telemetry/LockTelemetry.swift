public import CoreMetrics
public import Tracing

/// Where a lock cluster tells what it does: metrics to swift-metrics, spans to swift-distributed-tracing.
///
/// Metrics, all beginning with `holdfast_lock_`:
/// - `acquire_seconds`, a timer with the dimensions `mode` and `outcome` (`acquired`, `held`, `unavailable`,
///   `cancelled` or `invalid`): from the request to the lease or the error.
/// - `rounds`, a recorder: rounds of messages of a successful attempt; 1 is the fast path.
/// - `validity_left_seconds`, a recorder: of a lease when it was issued.
/// - `renewals`, `losses`, `releases`, counters: leases renewed, declared lost, given back.
/// - `held`, a meter: leases of this client that are neither released nor lost.
/// - `node_voting`, a meter with the dimension `node`: 1 while the node may vote, as this client knows.
/// - `node_reply_seconds`, a timer with the dimension `node`: from a round's request to the node's reply.
///
/// Spans: `holdfast.lock.acquire`, of the kind client, and `holdfast.lock.hold` around a scoped body, which runs within
/// it. Where nothing is set up for them they cost next to nothing.
public struct LockTelemetry: Sendable {
    public var metrics: any MetricsFactory
    public var tracer: any Tracer

    public init(metrics: any MetricsFactory, tracer: any Tracer) {
        self.metrics = metrics
        self.tracer = tracer
    }

    /// What the process has set up, at the time of this call.
    public static var system: LockTelemetry {
        LockTelemetry(metrics: MetricsSystem.factory, tracer: InstrumentationSystem.tracer)
    }
}
