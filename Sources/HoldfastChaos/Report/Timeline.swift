import Foundation
import HoldfastHistory

/// A row for each worker and node: what was held and done when, and what was done to it.
struct Timeline {
    private static let left = 110.0
    private static let width = 1040.0
    private static let rowHeight = 16.0
    /// More would be a page that nobody reads.
    private static let maximumRows = 60
    private static let maximumMarks = 4000

    private let history: History
    private let rows: [String]
    private let end: Double

    init(_ history: History) {
        self.history = history
        let workers = Set(history.operations.compactMap(\.client)).subtracting(["chaos"])
        let targets = history.faults.flatMap { $0.target.split(separator: " ").map(String.init) }
        let nodes = Set(targets).filter { $0.hasPrefix("node-") }
        rows = Array((nodes.sorted() + workers.sorted { $0.localizedLess($1) }).prefix(Self.maximumRows))
        end = max(1, Double(history.end))
    }

    func svg() -> String {
        if rows.isEmpty { return "" }
        let height = Double(rows.count) * Self.rowHeight + 24
        var marks: [String] = []
        for (index, row) in rows.enumerated() {
            let y = Double(index) * Self.rowHeight
            marks.append("<text x=\"0\" y=\"\(y + 12)\">\(HTMLReport.escape(row))</text>")
            marks.append(
                "<line x1=\"\(Self.left)\" x2=\"\(Self.width)\" y1=\"\(y + 8)\" y2=\"\(y + 8)\" "
                    + "stroke=\"var(--line)\"/>"
            )
        }
        marks += bands() + tenures() + executions() + axis(height)
        return
            "<svg viewBox=\"0 0 \(Self.width) \(height)\" role=\"img\" aria-label=\"Timeline\">\(marks.joined())</svg>"
            + "<p class=\"legend\">Blue: a lock held; light blue: a job running; yellow: a fault under way; "
            + "red: an end that nobody saw.</p>"
    }

    private func x(_ time: Int64) -> Double {
        let part = Double(time) / end * (Self.width - Self.left)
        return ((Self.left + part) * 10).rounded() / 10
    }

    private func bar(
        _ row: String?, _ from: Int64, _ to: Int64, inset: Double, _ color: String, _ title: String
    ) -> String? {
        guard let row, let index = rows.firstIndex(of: row) else { return nil }
        let y = Double(index) * Self.rowHeight + inset
        let wide = max(1, x(to) - x(from))
        return "<rect x=\"\(x(from))\" y=\"\(y)\" width=\"\(wide)\" height=\"\(Self.rowHeight - 2 * inset)\" "
            + "fill=\"var(--\(color))\"><title>\(HTMLReport.escape(title))</title></rect>"
    }

    private func bands() -> [String] {
        history.faults.prefix(Self.maximumMarks).flatMap { fault in
            fault.target.split(separator: " ").compactMap { target in
                bar(
                    String(target), fault.began, fault.ended ?? fault.began, inset: 1, "fault",
                    "\(fault) \(fault.confirmation.map { ": \($0)" } ?? "")")
            }
        }
    }

    private func tenures() -> [String] {
        var releases: [String: HistoryOperation] = [:]
        for release in history.operations(HistoryFunction.release) { releases[release.value.description] = release }
        let held = history.operations(HistoryFunction.acquire).filter { $0.outcome == .ok }
        return held.prefix(Self.maximumMarks).compactMap { acquisition in
            let release = releases[acquisition.value.description]
            let until = release?.invoked ?? acquisition.until ?? history.end
            let color = release == nil ? "bad" : release?.outcome == .fail ? "doubt" : "hold"
            return bar(
                acquisition.client, acquisition.completed ?? acquisition.invoked, min(until, history.end), inset: 4,
                color,
                "\(acquisition)")
        }
    }

    private func executions() -> [String] {
        history.operations(HistoryFunction.run).prefix(Self.maximumMarks).compactMap { run in
            bar(
                run.client, run.invoked, run.completed ?? run.invoked, inset: 6.5,
                run.completed == nil ? "bad" : "work", "\(run)")
        }
    }

    private func axis(_ height: Double) -> [String] {
        (0...5).map { index in
            let time = Int64(end / 5 * Double(index))
            let anchor = index == 5 ? "end" : "start"
            let seconds = (Double(time) / 1e8).rounded() / 10
            return "<text x=\"\(x(time))\" y=\"\(height - 4)\" text-anchor=\"\(anchor)\">\(seconds) s</text>"
        }
    }
}

extension String {
    /// As people count: `w2.1` before `w10.1`.
    fileprivate func localizedLess(_ other: String) -> Bool {
        compare(other, options: .numeric) == .orderedAscending
    }
}
