import HoldfastRuntime
import Tracing

/// A worker's spans; see ``JobTelemetry``.
struct JobSpans: Sendable {
    /// Nil when nobody takes them.
    private let tracer: (any Tracer)?

    init(_ tracer: any Tracer) { self.tracer = tracer is NoOpTracer ? nil : tracer }

    /// Runs `body` within a span; its own spans become that one's children.
    ///
    /// - Parameter carrier: Gives what the producer stored; only asked when somebody takes the spans.
    func run<Value>(
        _ info: ExecutionInfo, function: String, worker: String, carrier: () async -> TraceCarrier?,
        body: () async throws -> Value
    ) async throws -> Value {
        guard let tracer else { return try await body() }
        var context = ServiceContext.topLevel
        if let carrier = await carrier() {
            tracer.extract(carrier, into: &context, using: TraceCarrier.Extraction())
        }
        let span: any Span = tracer.startAnySpan("holdfast.job.run", context: context, ofKind: .consumer)
        defer { span.end() }
        span.attributes["job.id"] = info.jobID.text
        span.attributes["job.function"] = function
        span.attributes["job.queue"] = info.queue.text
        span.attributes["job.attempt"] = info.attempt
        span.attributes["job.token"] = info.token
        span.attributes["job.worker"] = worker
        return try await ServiceContext.withValue(span.context) {
            do { return try await body() } catch {
                span.recordError(error)
                span.setStatus(SpanStatus(code: .error, message: "\(error)"))
                throw error
            }
        }
    }
}
