import ArgumentParser
import CoreMetrics
import HoldfastJobs
import HoldfastMetrics
import HoldfastRedis
import Logging

/// Where Prometheus finds a worker's metrics.
struct MetricsOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Serve /metrics for Prometheus on this port; 0 takes a free one.", valueName: "port"))
    var metricsPort: UInt16?

    @Option(
        help: ArgumentHelp(
            "The address to serve it on.", discussion: "Without access control: not one that everybody reaches.",
            valueName: "address"))
    var metricsHost = "127.0.0.1"

    /// Collects from here on what this process tells swift-metrics; nil if nobody asked for it. Once a process.
    func endpoint() -> MetricsEndpoint? {
        guard let metricsPort else { return nil }
        let metrics = PrometheusMetrics()
        MetricsSystem.bootstrap(metrics)
        return MetricsEndpoint(metrics: metrics, host: metricsHost, port: Int(metricsPort))
    }
}

/// The metrics of a worker, served while it runs.
struct MetricsEndpoint: Sendable {
    let metrics: PrometheusMetrics
    let host: String
    let port: Int

    /// - Parameter announce: Told the URL once it is served.
    /// - Throws: `CommandFailure` when it cannot be served, and what `body` throws.
    func serve(
        queues: [QueueName], _ client: RedisClient, announce: @escaping @Sendable (String) throws -> Void,
        while body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let store = StoreMeters(metrics, queues: queues)
        var logger = Logger(label: "holdfast.metrics")
        logger.logLevel = max(logger.logLevel, .error)
        // A store that does not answer leaves the gauges as they were; the worker's own trouble counter tells.
        let server = MetricsServer(metrics, host: host, port: port, logger: logger) {
            try? await store.refresh(client)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await server.run { port in try? announce("http://\(host):\(port)/metrics") }
                } catch {
                    throw CommandFailure(
                        "metrics cannot be served on \(host):\(port): \(error)", code: .unavailable)
                }
            }
            group.addTask(operation: body)
            // The server ends only when it fails, or is cancelled because the work is done.
            do { try await group.next() } catch {
                group.cancelAll()
                throw error
            }
            group.cancelAll()
        }
    }
}
