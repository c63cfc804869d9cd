import Foundation
import HoldfastHistory

/// How long locks were waited for: over the time of the run, and in percentiles.
struct LatencyChart {
    private static let left = 110.0
    private static let width = 1040.0
    private static let height = 180.0
    private static let maximumDots = 4000

    /// When the grant came, and after how many milliseconds.
    private let grants: [(at: Int64, wait: Double)]
    private let history: History

    init(_ history: History) {
        self.history = history
        grants = history.operations(HistoryFunction.acquire).compactMap { acquisition in
            guard acquisition.outcome == .ok, let completed = acquisition.completed else { return nil }
            return (completed, Double(completed - acquisition.invoked) / 1e6)
        }
    }

    func html() -> String {
        if grants.isEmpty { return "" }
        let sorted = grants.map(\.wait).sorted()
        func percentile(_ part: Double) -> Double { sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))] }
        let heads = ["p50", "p90", "p99", "p99.9", "max"].map { "<th>\($0)</th>" }.joined()
        let cells = [0.5, 0.9, 0.99, 0.999, 1].map { "<td>\(Self.text(percentile($0)))</td>" }.joined()
        return "\(svg(largest: sorted[sorted.count - 1]))<table><tr>\(heads)</tr><tr>\(cells)</tr></table>"
            + "<p class=\"legend\">From the beginning of the attempt that was granted; \(grants.count) grants. "
            + "Logarithmic; yellow: faults.</p>"
    }

    private static func text(_ milliseconds: Double) -> String { "\((milliseconds * 100).rounded() / 100) ms" }

    private func svg(largest: Double) -> String {
        let end = max(1, Double(history.end))
        func x(_ time: Int64) -> Double {
            let part = Double(time) / end * (Self.width - Self.left)
            return ((Self.left + part) * 10).rounded() / 10
        }
        // Decades from a tenth of a millisecond up.
        let decades = max(1, ceil(log10(max(1, largest)))) + 1
        func y(_ milliseconds: Double) -> Double {
            let part = (log10(max(0.1, milliseconds)) + 1) / decades
            return ((Self.height - 10 - part * (Self.height - 20)) * 10).rounded() / 10
        }
        var marks = history.faults.map { fault in
            let wide = max(1, x(fault.ended ?? fault.began) - x(fault.began))
            return "<rect x=\"\(x(fault.began))\" y=\"0\" width=\"\(wide)\" height=\"\(Self.height)\" "
                + "fill=\"var(--fault)\" opacity=\".18\"/>"
        }
        for decade in 0...Int(decades) {
            let value = pow(10, Double(decade) - 1)
            marks.append("<text x=\"0\" y=\"\(y(value) + 4)\">\(Self.text(value))</text>")
            marks.append(
                "<line x1=\"\(Self.left)\" x2=\"\(Self.width)\" y1=\"\(y(value))\" y2=\"\(y(value))\" "
                    + "stroke=\"var(--line)\"/>")
        }
        let step = max(1, grants.count / Self.maximumDots)
        for index in stride(from: 0, to: grants.count, by: step) {
            let grant = grants[index]
            marks.append("<circle cx=\"\(x(grant.at))\" cy=\"\(y(grant.wait))\" r=\"1.6\" fill=\"var(--hold)\"/>")
        }
        return "<svg viewBox=\"0 0 \(Self.width) \(Self.height)\" role=\"img\" aria-label=\"Waiting times\">"
            + "\(marks.joined())</svg>"
    }
}
