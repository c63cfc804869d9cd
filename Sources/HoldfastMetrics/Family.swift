import CoreMetrics
import Synchronization

/// The series of one name.
struct Family: Sendable {
    enum Kind: String, Sendable { case counter, gauge, histogram }

    let kind: Kind
    /// The label that it was made for, as a name.
    let label: String?
    /// By their labels, in Prometheus' form.
    var series: [String: any Series] = [:]

    func write(_ name: String, help: String?, to text: inout String) {
        if let help { text += "# HELP \(name) \(PrometheusName.escape(help, quotes: false))\n" }
        text += "# TYPE \(name) \(kind.rawValue)\n"
        for (labels, one) in series.sorted(by: { $0.key < $1.key }) { one.write(name, labels, to: &text) }
    }
}

/// A thing that is recorded into, and written out.
protocol Series: AnyObject, Sendable {
    func write(_ name: String, _ labels: String, to text: inout String)
}

final class Sum: Series, CounterHandler, FloatingPointCounterHandler {
    private let sum = Mutex(0.0)

    func increment(by amount: Int64) { increment(by: Double(amount)) }

    /// A counter never falls.
    func increment(by amount: Double) { if amount > 0 { sum.withLock { $0 += amount } } }

    func reset() { sum.withLock { $0 = 0 } }

    func write(_ name: String, _ labels: String, to text: inout String) {
        text += "\(name)\(labels) \(PrometheusName.number(sum.withLock { $0 }))\n"
    }
}

final class Gauge: Series, MeterHandler, RecorderHandler {
    private let value = Mutex(0.0)

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { self.value.withLock { $0 = value } }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(value) }
    func record(_ value: Double) { set(value) }

    func write(_ name: String, _ labels: String, to text: inout String) {
        text += "\(name)\(labels) \(PrometheusName.number(value.withLock { $0 }))\n"
    }
}

final class Distribution: Series, RecorderHandler, TimerHandler {
    private struct State {
        /// For each bucket what fell into it, and behind them what was larger than all.
        var counts: [UInt64]
        var sum = 0.0
    }

    private let buckets: [Double]
    private let state: Mutex<State>

    /// - Parameter buckets: Their upper bounds, inclusive, growing.
    init(_ buckets: [Double]) {
        self.buckets = buckets
        state = Mutex(State(counts: Array(repeating: 0, count: buckets.count + 1)))
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        if value.isNaN { return }
        let index = buckets.firstIndex { value <= $0 } ?? buckets.count
        state.withLock { state in
            state.counts[index] += 1
            state.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func write(_ name: String, _ labels: String, to text: inout String) {
        let (counts, sum) = state.withLock { ($0.counts, $0.sum) }
        var total: UInt64 = 0
        for (bound, count) in zip(buckets + [.infinity], counts) {
            total += count
            text += "\(name)_bucket\(PrometheusName.adding("le", PrometheusName.number(bound), to: labels)) \(total)\n"
        }
        text += "\(name)_sum\(labels) \(PrometheusName.number(sum))\n\(name)_count\(labels) \(total)\n"
    }
}
