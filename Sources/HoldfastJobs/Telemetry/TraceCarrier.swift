import Foundation
import HoldfastRedis
import Tracing

/// The producer's trace context on its way to the worker, in the job's field `hf_trace`: a JSON object of the headers
/// that the process' instrument writes, such as W3C's `traceparent`.
struct TraceCarrier: Sendable, Hashable {
    static let field = "hf_trace"
    /// `tracestate` alone may take 512 bytes; what is longer than this is no context.
    static let maximumBytes = 8192

    var headers: [String: String] = [:]

    /// The context of the present task; nil when there is none, or nobody traces.
    static func current(_ instrument: any Instrument = InstrumentationSystem.instrument) -> TraceCarrier? {
        guard let context = ServiceContext.current else { return nil }
        var carrier = TraceCarrier()
        instrument.inject(context, into: &carrier, using: Injection())
        return carrier.headers.isEmpty ? nil : carrier
    }

    init() {}

    /// Nil for what is no such field: then the execution begins a trace of its own.
    init?(_ bytes: [UInt8]) {
        guard bytes.count <= Self.maximumBytes,
            let headers = try? JSONDecoder().decode([String: String].self, from: Data(bytes))
        else { return nil }
        self.headers = headers
    }

    /// Nil when it is too large.
    var encoded: [UInt8]? {
        guard let data = try? JSONEncoder.rq.encode(headers), data.count <= Self.maximumBytes else { return nil }
        return Array(data)
    }

    private struct Injection: Injector {
        func inject(_ value: String, forKey key: String, into carrier: inout TraceCarrier) {
            carrier.headers[key] = value
        }
    }

    struct Extraction: Extractor {
        func extract(key: String, from carrier: TraceCarrier) -> String? { carrier.headers[key] }
    }
}
