import HTTPTypes
import Hummingbird
public import Logging
import NIOCore
import Synchronization

/// Serves `GET /metrics` for Prometheus, and `GET /health`.
///
/// Without access control: bind it to the loopback address, or to a network that only Prometheus reaches.
public struct MetricsServer: Sendable {
    private let host: String
    private let port: Int
    private let metrics: PrometheusMetrics
    private let refresh: @Sendable () async -> Void
    private let logger: Logger

    /// - Parameters:
    ///   - port: 0 takes a free one.
    ///   - refresh: Called before each answer, to bring gauges up to date; has to bound its own time.
    public init(
        _ metrics: PrometheusMetrics, host: String = "127.0.0.1", port: Int,
        logger: Logger = Logger(label: "holdfast.metrics"), refresh: @escaping @Sendable () async -> Void = {}
    ) {
        self.metrics = metrics
        self.host = host
        self.port = port
        self.logger = logger
        self.refresh = refresh
    }

    /// Serves until the task is cancelled.
    ///
    /// - Parameter onStart: The port, once connections are accepted.
    /// - Throws: What kept it from listening: the port is taken, the address is not this machine's.
    public func run(onStart: @escaping @Sendable (Int) async -> Void = { _ in }) async throws {
        let router = Router(context: BasicRequestContext.self)
        router.get("metrics") { [metrics, refresh] _, _ in
            await refresh()
            return Self.answer(metrics.text(), type: "text/plain; version=0.0.4; charset=utf-8")
        }
        router.get("health") { _, _ in Self.answer("ok\n", type: "text/plain; charset=utf-8") }
        let application = Application(
            router: router, configuration: .init(address: .hostname(host, port: port)),
            onServerRunning: { channel in await onStart(channel.localAddress?.port ?? 0) }, logger: logger)
        do { try await application.run() } catch is CancellationError {}
    }

    private static func answer(_ text: String, type: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: type], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
