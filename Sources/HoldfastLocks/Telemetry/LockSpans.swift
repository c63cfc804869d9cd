import HoldfastRuntime
import Tracing

/// A cluster's spans; see ``LockTelemetry``.
struct LockSpans: Sendable {
    /// Nil when nobody takes them.
    private let tracer: (any Tracer)?

    init(_ tracer: any Tracer) { self.tracer = tracer is NoOpTracer ? nil : tracer }

    func acquire(
        _ request: LockRequest, _ body: () async -> Result<Lease, LockError>
    ) async -> Result<Lease, LockError> {
        await within("holdfast.lock.acquire", request, .client) { span in
            let outcome = await body()
            switch outcome {
            case .success(let lease):
                span?.attributes["lock.token"] = lease.token.rawValue
                span?.attributes["lock.rounds"] = lease.rounds
            case .failure(let error):
                span?.recordError(error)
                span?.setStatus(SpanStatus(code: .error, message: error.description))
            }
            return outcome
        }
    }

    /// Runs `body` within a span; its own spans become that one's children.
    func hold<Value>(_ lease: Lease, _ body: () async -> Value) async -> Value {
        await within("holdfast.lock.hold", lease.request, .internal) { span in
            span?.attributes["lock.token"] = lease.token.rawValue
            let value = await body()
            span?.attributes["lock.renewals"] = lease.renewals
            if let reason = lease.lossReason { span?.setStatus(SpanStatus(code: .error, message: reason)) }
            return value
        }
    }

    private func within<Value>(
        _ name: String, _ request: LockRequest, _ kind: SpanKind, _ body: ((any Span)?) async -> Value
    ) async -> Value {
        guard let tracer else { return await body(nil) }
        let span: any Span = tracer.startAnySpan(name, context: .current ?? .topLevel, ofKind: kind)
        span.attributes["lock.name"] = request.text
        span.attributes["lock.mode"] = request.mode.rawValue
        let value = await ServiceContext.withValue(span.context) { await body(span) }
        span.end()
        return value
    }
}
