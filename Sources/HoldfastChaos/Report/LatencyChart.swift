import Foundation
import HoldfastHistory
import HoldfastMeasurement
import HoldfastRuntime

/// How long locks were waited for: over the time of the run, and in percentiles of HDR histograms, while nothing was
/// done to anybody and while something was.
struct LatencyChart {
    private static let height = 200.0
    private static let foot = 20.0
    private static let maximumDots = 4000
    /// Of a percentile something can be said when this many grants are above it.
    private static let evidence = 1.0

    private struct Curve {
        var title: String
        var style: String
        var waits = Latencies()
    }

    /// When the grant came, and after how many milliseconds.
    private var grants: [(at: Int64, wait: Double)] = []
    private var all = Curve(title: "all", style: "all")
    private var quiet = Curve(title: "without a fault", style: "quiet")
    private var struck = Curve(title: "during faults", style: "struck")
    private let history: History
    private let plot: Plot
    private let decades: Double

    init(_ history: History) {
        self.history = history
        plot = Plot(history)
        for acquisition in history.operations(HistoryFunction.acquire) where acquisition.outcome == .ok {
            guard let completed = acquisition.completed else { continue }
            let wait = Duration.nanoseconds(completed - acquisition.invoked)
            grants.append((completed, Double(wait.nanoseconds) / 1e6))
            all.waits.record(wait)
            let isStruck = history.faults.contains {
                $0.began <= completed && ($0.ended ?? $0.began) >= acquisition.invoked
            }
            if isStruck { struck.waits.record(wait) } else { quiet.waits.record(wait) }
        }
        // Decades from a tenth of a millisecond up.
        decades = max(1, ceil(log10(max(1, grants.map(\.wait).max() ?? 1)))) + 1
    }

    func html() -> String {
        if grants.isEmpty { return "" }
        return overTime() + "<h3>Percentiles</h3>" + percentiles() + table()
            + "<p class=\"legend\">From the beginning of the attempt that was granted. Both scales of the percentiles "
            + "are logarithmic; a percentile is left out where too few grants are above it.</p>"
    }

    private func y(_ milliseconds: Double) -> Double {
        let part = (log10(max(0.1, milliseconds)) + 1) / decades
        return Self.height - 6 - part * (Self.height - 16)
    }

    private func grid() -> [String] {
        (0...Int(decades)).flatMap { decade in
            let value = pow(10, Double(decade) - 1)
            let line = "M\(Plot.number(Plot.left)) \(Plot.number(y(value)))H\(Plot.number(Plot.width))"
            return [
                "<text x=\"10\" y=\"\(Plot.number(y(value) + 4))\">\(Plot.milliseconds(value))</text>",
                "<path class=\"rule\" d=\"\(line)\"/>",
            ]
        }
    }

    private func overTime() -> String {
        let step = max(1, grants.count / Self.maximumDots)
        let dots = stride(from: 0, to: grants.count, by: step).map { index in
            "M\(Plot.number(plot.x(grants[index].at))) \(Plot.number(y(grants[index].wait)))h0"
        }
        let marks =
            plot.bands(history, height: Self.height) + grid()
            + ["<path class=\"dots\" d=\"\(dots.joined())\"/>"] + plot.axis(y: Self.height + 12)
        return Plot.svg(height: Self.height + Self.foot, label: "Waiting times over the run", marks)
    }

    // MARK: - Percentiles

    private static let marked = [0, 50, 90, 99, 99.9, 99.99]

    /// How many powers of ten of the grants are left above a percentile: 0 for 0, 1 for 90, 2 for 99.
    private static func rarity(_ percentile: Double) -> Double { -log10(1 - percentile / 100) }

    private static func isKnown(_ percentile: Double, of waits: Latencies) -> Bool {
        Double(waits.count) * (1 - percentile / 100) >= evidence
    }

    private static func milliseconds(_ percentile: Double, of waits: Latencies) -> Double? {
        guard percentile == 100 || isKnown(percentile, of: waits) else { return nil }
        return waits.percentile(percentile).map { Double($0.nanoseconds) / 1e6 }
    }

    private func percentiles() -> String {
        let most = max(1, log10(Double(max(1, all.waits.count))))
        func x(_ percentile: Double) -> Double {
            Plot.left + Self.rarity(percentile) / most * (Plot.width - Plot.left)
        }
        let shown = Self.marked.filter { Self.rarity($0) <= most }
        var marks = grid()
        for percentile in shown {
            marks.append(
                "<path class=\"rule\" d=\"M\(Plot.number(x(percentile))) 0V\(Plot.number(Self.height))\"/>"
                    + "<text x=\"\(Plot.number(x(percentile)))\" y=\"\(Plot.number(Self.height + 12))\" "
                    + "text-anchor=\"middle\">p\(Plot.number(percentile))</text>")
        }
        for curve in [quiet, struck] {
            let points = stride(from: 0, through: most, by: most / 120).compactMap { rarity -> String? in
                let percentile = 100 * (1 - pow(10, -rarity))
                return Self.milliseconds(percentile, of: curve.waits).map {
                    "\(Plot.number(x(percentile))) \(Plot.number(y($0)))"
                }
            }
            if points.isEmpty { continue }
            marks.append("<path class=\"curve \(curve.style)\" d=\"M\(points.joined(separator: "L"))\"/>")
        }
        return Plot.svg(height: Self.height + Self.foot, label: "Waiting times by percentile", marks)
    }

    private func table() -> String {
        let shown = [50, 90, 99, 99.9, 100]
        let heads = shown.map { "<th class=\"n\">\($0 == 100 ? "max" : "p\(Plot.number($0))")</th>" }
        let rows = [all, quiet, struck].filter { $0.waits.count > 0 }.map { curve in
            let cells = shown.map { percentile in
                let value = Self.milliseconds(percentile, of: curve.waits).map(Plot.milliseconds) ?? "–"
                return "<td class=\"n\">\(value)</td>"
            }
            let swatch = curve.style == "all" ? "" : "<i class=\"\(curve.style)\"></i>"
            return "<tr><td>\(swatch)\(curve.title)</td><td class=\"n\">\(curve.waits.count)</td>\(cells.joined())</tr>"
        }
        return "<div class=\"wide\"><table><tr><th></th><th class=\"n\">grants</th>\(heads.joined())</tr>"
            + "\(rows.joined())</table></div>"
    }
}
