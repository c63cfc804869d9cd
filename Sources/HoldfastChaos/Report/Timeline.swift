import Foundation
import HoldfastHistory

/// A row for each node, lock and client: what was done to it, who held it, what it held and did.
struct Timeline {
    private static let rowHeight = 17.0
    private static let headHeight = 22.0
    /// More would be a page that nobody reads.
    private static let maximumNodes = 9
    private static let maximumLocks = 12
    private static let maximumClients = 40
    static let maximumMarks = 4000
    /// Colours of clients; then they come again.
    private static let colours = 8
    /// What is narrower than that is drawn as a stroke, many in one path, without words of its own.
    private static let narrow = 6.0

    private struct Row {
        var name: String
        var label: String
        var y: Double
        var colour: Int?
    }

    private let history: History
    private let plot: Plot
    private var heads: [(title: String, y: Double)] = []
    private var nodes: [String: Row] = [:]
    private var locks: [String: Row] = [:]
    private var clients: [String: Row] = [:]
    private var height = 0.0

    init(_ history: History) {
        self.history = history
        plot = Plot(history)
        let targets = history.faults.flatMap { $0.target.split(separator: " ").map(String.init) }
        let spans = history.operations(HistoryFunction.acquire)
        nodes = place("Nodes", targets.filter { $0.hasPrefix("node-") }, most: Self.maximumNodes)
        locks = place("Locks", spans.filter { $0.outcome == .ok }.map(\.key), most: Self.maximumLocks)
        let names = history.operations.compactMap(\.client).filter { $0 != "chaos" }
        clients = place("Clients", names, most: Self.maximumClients)
        for (index, name) in clients.keys.sorted(by: Self.isBefore).enumerated() {
            clients[name]?.colour = index % Self.colours
        }
    }

    /// As people count: `w2.1` before `w10.1`.
    private static func isBefore(_ first: String, _ second: String) -> Bool {
        first.compare(second, options: .numeric) == .orderedAscending
    }

    private mutating func place(_ title: String, _ names: [String], most: Int) -> [String: Row] {
        let all = Set(names).sorted(by: Self.isBefore)
        if all.isEmpty { return [:] }
        heads.append((all.count > most ? "\(title), \(most) of \(all.count)" : title, height))
        height += Self.headHeight
        var rows: [String: Row] = [:]
        for name in all.prefix(most) {
            rows[name] = Row(name: name, label: Self.label(name), y: height)
            height += Self.rowHeight
        }
        return rows
    }

    /// The end of a long name tells more than its beginning.
    private static func label(_ name: String) -> String {
        if name.count <= 19 { return name }
        let last = name.split(separator: "/").last.map { "…/\($0)" } ?? name
        return last.count <= 19 ? last : "…" + name.suffix(18)
    }

    func html() -> String {
        if heads.isEmpty { return "" }
        let all = [nodes, locks, clients].flatMap(\.values).sorted { $0.y < $1.y }
        var marks = plot.bands(history, height: height)
        marks += heads.map { "<text class=\"head\" x=\"0\" y=\"\(Plot.number($0.y + 16))\">\($0.title)</text>" }
        for row in all {
            let middle = Plot.number(row.y + Self.rowHeight / 2)
            marks.append("<text x=\"10\" y=\"\(Plot.number(row.y + 12.5))\">\(HTMLReport.escape(row.label))</text>")
            if let colour = row.colour {
                marks.append("<circle class=\"c\(colour)\" cx=\"3\" cy=\"\(middle)\" r=\"3\"/>")
            }
            marks.append(
                "<path class=\"rule\" d=\"M\(Plot.number(Plot.left)) \(middle)H\(Plot.number(Plot.width))\"/>")
        }
        marks += faults() + tenures() + executions() + plot.axis(y: height + 14)
        return Plot.svg(height: height + 20, label: "Timeline of nodes, locks and clients", marks) + legend
    }

    private var legend: String {
        let entries = [
            ("fault", "a fault under way"), ("c0", "a lock held; each client has a colour"),
            ("lost", "its holder did not know that the lease had ended"),
            ("bad", "of one that was killed: until its lease ended at the latest"),
        ]
        let swatches = entries.map { "<span><i class=\"\($0.0)\"></i>\($0.1)</span>" }
        let jobs =
            history.operations(HistoryFunction.run).isEmpty ? "" : "<span><i class=\"work\"></i>a job running</span>"
        return "<p class=\"legend\">\(swatches.joined())\(jobs)</p>"
    }

    private func faults() -> [String] {
        history.faults.prefix(Self.maximumMarks).flatMap { fault in
            fault.target.split(separator: " ").compactMap { target in
                (nodes[String(target)] ?? clients[String(target)]).map { row in
                    let seen = fault.confirmation.map { ": \($0)" } ?? ""
                    return plot.bar(
                        from: fault.began, to: fault.ended ?? fault.began, y: row.y + 1, height: Self.rowHeight - 2,
                        style: "fault", title: "\(fault)\(seen)")
                }
            }
        }
    }

    private func tenures() -> [String] {
        var strokes: [String: [String]] = [:]
        var bars: [String] = []
        for span in HeldSpan.all(in: history).prefix(Self.maximumMarks) {
            let colour = clients[span.client]?.colour.map { "c\($0)" } ?? "c0"
            let style = span.ending == .unseen ? "bad" : colour
            for row in [locks[span.lock], clients[span.client]].compactMap({ $0 }) {
                let wide = plot.x(span.to) - plot.x(span.from)
                if wide < Self.narrow, span.ending == .released {
                    let length = Plot.number(max(0.7, wide))
                    strokes[style, default: []].append(
                        "M\(Plot.number(plot.x(span.from))) \(Plot.number(row.y + Self.rowHeight / 2))h\(length)")
                } else {
                    bars.append(
                        plot.bar(
                            from: span.from, to: span.to, y: row.y + 4, height: Self.rowHeight - 8, style: style,
                            title: "\(span.client) held \(span.lock), token \(span.token)"))
                }
            }
            if span.believed > span.to, let row = clients[span.client] {
                bars.append(
                    plot.bar(
                        from: span.to, to: span.believed, y: row.y + 4, height: Self.rowHeight - 8, style: "lost",
                        title: "\(span.client) believed to hold \(span.lock), token \(span.token)"))
            }
        }
        // Strokes last: who held a lock for a moment while another believed to is seen.
        return bars
            + strokes.sorted { $0.key < $1.key }.map { style, parts in
                "<path class=\"held \(style)\" d=\"\(parts.joined())\"/>"
            }
    }

    private func executions() -> [String] {
        history.operations(HistoryFunction.run).prefix(Self.maximumMarks).compactMap { run in
            run.client.flatMap { clients[$0] }.map { row in
                plot.bar(
                    from: run.invoked, to: run.completed ?? run.invoked, y: row.y + 6.5,
                    height: Self.rowHeight - 13, style: run.completed == nil ? "bad" : "work", title: "\(run)")
            }
        }
    }
}
