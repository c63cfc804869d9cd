import Foundation
import HoldfastMeasurement
import HoldfastRuntime

/// One line of the table of what has no figures but its speed.
enum Row {
    static let heading = row("benchmark", "callers", "ops/s", "p50 us", "p99 us", "max us", "of floor")

    static func of(_ name: String, _ measured: Throughput, callers: Int, floor: Throughput? = nil) -> String {
        row(
            name, "\(callers)", String(format: "%.0f", measured.perSecond), us(measured.latencies, 50),
            us(measured.latencies, 99), us(measured.latencies, 100),
            floor.map { String(format: "%.2f", measured.perSecond / $0.perSecond) } ?? "-")
    }

    static func us(_ latencies: Latencies, _ percentile: Double) -> String {
        latencies.percentile(percentile).map { String(format: "%.0f", Double($0.nanoseconds) / 1000) } ?? "-"
    }

    static func row(_ first: String, _ rest: String...) -> String {
        first.padding(toLength: 34, withPad: " ", startingAt: 0)
            + rest.map { String(repeating: " ", count: max(1, 10 - $0.count)) + $0 }.joined()
    }
}
