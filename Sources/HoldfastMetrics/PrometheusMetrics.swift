public import CoreMetrics
import Synchronization

/// Collects what a program tells swift-metrics, and writes it in Prometheus' text format.
///
/// Labels become names by Prometheus' conventions: what is not a letter, digit, `_` or `:` becomes `_`; counters end
/// in `_total`, timers in `_seconds`. Timers and aggregating recorders are histograms with fixed buckets, meters and
/// other recorders are gauges. One series of a name and its dimensions is shared by all that ask for it, and none is
/// ever removed: a counter that vanishes and begins anew would look like a restart.
///
/// Format: https://prometheus.io/docs/instrumenting/exposition_formats/ (text, version 0.0.4).
public final class PrometheusMetrics: MetricsFactory {
    /// More series than this are not kept: dimensions without a bound must not eat the memory. What is recorded in the
    /// others goes nowhere, and `holdfast_metrics_dropped_series` counts them.
    public static let maximumSeries = 10_000

    /// For spans of time, in seconds: from a millisecond to half an hour.
    public static let timeBuckets: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800,
    ]
    /// For recorders of anything else.
    public static let countBuckets: [Double] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000, 100_000]

    private struct State {
        var families: [String: Family] = [:]
        var help: [String: String] = [:]
        var seriesCount = 0
        var dropped = 0
    }

    private let state = Mutex(State())

    public init() {}

    /// Text for the `# HELP` line of a metric.
    public func describe(_ label: String, _ help: String) {
        state.withLock { $0.help[PrometheusName.metric(label)] = help }
    }

    /// All series, in the order of their names.
    public func text() -> String {
        let (families, help, dropped) = state.withLock { ($0.families, $0.help, $0.dropped) }
        var text = ""
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            let described = family.label.flatMap { help[$0] }
            family.write(name, help: described, to: &text)
        }
        let own = "holdfast_metrics_dropped_series"
        text += "# HELP \(own) Series beyond the bound of \(Self.maximumSeries); what they record is lost.\n"
        return text + "# TYPE \(own) gauge\n\(own) \(dropped)\n"
    }

    // MARK: - MetricsFactory

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(PrometheusName.counter(label), label, .counter, dimensions) { Sum() }
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        series(PrometheusName.counter(label), label, .counter, dimensions) { Sum() }
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(PrometheusName.metric(label), label, .gauge, dimensions) { Gauge() }
    }

    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        let name = PrometheusName.metric(label)
        guard aggregate else { return series(name, label, .gauge, dimensions) { Gauge() } }
        let buckets = name.hasSuffix("_seconds") ? Self.timeBuckets : Self.countBuckets
        return series(name, label, .histogram, dimensions) { Distribution(buckets) }
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(PrometheusName.timer(label), label, .histogram, dimensions) { Distribution(Self.timeBuckets) }
    }

    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}

    /// The series of a name and its dimensions; one that is not exposed when the bound is reached, or when the name is
    /// that of another kind of metric already.
    private func series<Kept: Series>(
        _ name: String, _ label: String, _ kind: Family.Kind, _ dimensions: [(String, String)], make: () -> Kept
    ) -> Kept {
        let labels = PrometheusName.labels(dimensions)
        return state.withLock { state in
            var family = state.families[name] ?? Family(kind: kind, label: PrometheusName.metric(label))
            if let known = family.series[labels] as? Kept, family.kind == kind { return known }
            let made = make()
            guard family.kind == kind, family.series[labels] == nil, state.seriesCount < Self.maximumSeries else {
                state.dropped += 1
                return made
            }
            family.series[labels] = made
            state.families[name] = family
            state.seriesCount += 1
            return made
        }
    }
}
