import CoreMetrics
import HoldfastHTTP
import HoldfastMetrics
import Testing

/// The text that Prometheus reads.
@Suite(.timeLimit(.minutes(1))) struct PrometheusTests {
    private func lines(_ metrics: PrometheusMetrics, of name: String) -> [String] {
        metrics.text().split(separator: "\n").map(String.init).filter { $0.contains(name) }
    }

    @Test func countersGaugesAndHistogramsAreWrittenByTheirConventions() {
        let metrics = PrometheusMetrics()
        metrics.describe("jobs.executions", "How\noften \"it\" \\ ran")
        let counter = Counter(label: "jobs.executions", dimensions: [("queue", "q"), ("a", "1")], factory: metrics)
        counter.increment(by: 3)
        // The same series, whatever the order of the dimensions.
        Counter(label: "jobs.executions", dimensions: [("a", "1"), ("queue", "q")], factory: metrics).increment()
        FloatingPointCounter(label: "bytes_total", factory: metrics).increment(by: 1.5)
        let meter = Meter(label: "depth", factory: metrics)
        meter.set(5)
        meter.increment()
        Recorder(label: "last", dimensions: [], aggregate: false, factory: metrics).record(2.5)
        #expect(
            lines(metrics, of: "jobs_executions") == [
                #"# HELP jobs_executions_total How\noften "it" \\ ran"#, "# TYPE jobs_executions_total counter",
                #"jobs_executions_total{a="1",queue="q"} 4"#,
            ])
        #expect(lines(metrics, of: "bytes") == ["# TYPE bytes_total counter", "bytes_total 1.5"])
        #expect(lines(metrics, of: "depth") == ["# TYPE depth gauge", "depth 6"])
        #expect(lines(metrics, of: "last") == ["# TYPE last gauge", "last 2.5"])
    }

    @Test func histogramsAreCumulativeAndInSeconds() {
        let metrics = PrometheusMetrics()
        let timer = Timer(label: "run", dimensions: [("queue", "q")], factory: metrics)
        timer.recordNanoseconds(1_000_000)
        timer.recordNanoseconds(30_000_000_000)
        timer.recordNanoseconds(3_600_000_000_000)
        let written = lines(metrics, of: "run_seconds")
        #expect(written.first == "# TYPE run_seconds histogram")
        #expect(written.contains(#"run_seconds_bucket{queue="q",le="0.001"} 1"#))
        #expect(written.contains(#"run_seconds_bucket{queue="q",le="10"} 1"#))
        #expect(written.contains(#"run_seconds_bucket{queue="q",le="30"} 2"#))
        #expect(written.contains(#"run_seconds_bucket{queue="q",le="1800"} 2"#))
        #expect(written.contains(#"run_seconds_bucket{queue="q",le="+Inf"} 3"#))
        #expect(written.suffix(2) == [#"run_seconds_sum{queue="q"} 3630.001"#, #"run_seconds_count{queue="q"} 3"#])
        Recorder(label: "size", factory: metrics).record(7)
        #expect(lines(metrics, of: "size").contains(#"size_bucket{le="10"} 1"#))
    }

    @Test func anythingMayStandInALabel() {
        let metrics = PrometheusMetrics()
        Counter(label: "1 ü-x", dimensions: [("the queue:", "a\"b\\c\nd")], factory: metrics).increment()
        #expect(lines(metrics, of: "_1").last == #"_1___x_total{the_queue_="a\"b\\c\nd"} 1"#)
    }

    @Test func aNameOfTwoKindsKeepsTheFirstAndTheSeriesAreBounded() {
        let metrics = PrometheusMetrics()
        Counter(label: "x_total", factory: metrics).increment()
        Meter(label: "x_total", factory: metrics).set(9)
        #expect(lines(metrics, of: "x_total") == ["# TYPE x_total counter", "x_total 1"])
        for number in 0..<PrometheusMetrics.maximumSeries + 5 {
            Counter(label: "many", dimensions: [("n", "\(number)")], factory: metrics).increment()
        }
        #expect(lines(metrics, of: "many_total{").count == PrometheusMetrics.maximumSeries - 1)
        #expect(lines(metrics, of: "holdfast_metrics_dropped_series").last == "holdfast_metrics_dropped_series 7")
    }

    @Test func theServerAnswersAndRefreshesBefore() async throws {
        let metrics = PrometheusMetrics()
        let meter = Meter(label: "asked", factory: metrics)
        let server = MetricsServer(metrics, port: 0) { meter.increment() }
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run { continuation.yield($0) } }
            var port = 0
            for await found in ports {
                port = found
                break
            }
            let client = HTTPClient()
            for expected in 1...2 {
                let answer = try await client.send(HTTPRequest(.get, "http://127.0.0.1:\(port)/metrics"))
                #expect(answer.status == 200)
                #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
                #expect(String(decoding: answer.body, as: UTF8.self).contains("\nasked \(expected)\n"))
            }
            let health = try await client.send(HTTPRequest(.get, "http://127.0.0.1:\(port)/health"))
            #expect(health.status == 200)
            await client.close()
            group.cancelAll()
        }
    }

    @Test func aPortThatIsTakenIsAnError() async throws {
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await MetricsServer(PrometheusMetrics(), port: 0).run { continuation.yield($0) } }
            for await port in ports {
                await #expect(throws: (any Error).self) {
                    try await MetricsServer(PrometheusMetrics(), port: port).run()
                }
                break
            }
            group.cancelAll()
        }
    }
}
