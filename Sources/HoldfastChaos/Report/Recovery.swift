import HoldfastHistory
import HoldfastRuntime

/// How long after each kind of fault everything moved again.
struct Recovery {
    struct Line {
        var title: String
        /// From its beginning until every lock had been granted again, in milliseconds.
        var sinceBegun: [Double] = []
        /// The same from its end.
        var sinceHealed: [Double] = []
        /// After so many of them a lock was not granted any more.
        var never = 0
    }

    let lines: [Line]
    /// Until a killed worker's job ran again, in milliseconds.
    let jobs: [Double]

    init(_ history: History) {
        var grants: [String: [Int64]] = [:]
        for acquisition in history.operations(HistoryFunction.acquire) where acquisition.outcome == .ok {
            if let completed = acquisition.completed { grants[acquisition.key, default: []].append(completed) }
        }
        let times = grants.mapValues { $0.sorted() }
        /// Nil when a lock was not granted after `moment`.
        func settled(after moment: Int64) -> Double? {
            var latest = moment
            for times in times.values where (times.first ?? .max) <= moment {
                guard let next = times.first(where: { $0 > moment }) else { return nil }
                latest = max(latest, next)
            }
            return Double(latest - moment) / 1e6
        }
        var lines: [String: Line] = [:]
        for fault in history.faults where !grants.isEmpty {
            let whom = fault.target.hasPrefix("node-") ? "nodes" : "a client"
            let title = "\(fault.kind), \(whom)"
            var line = lines[title] ?? Line(title: title)
            let healed = fault.ended ?? fault.began
            if let begun = settled(after: fault.began), let after = settled(after: healed) {
                line.sinceBegun.append(begun)
                line.sinceHealed.append(after)
            } else {
                line.never += 1
            }
            lines[title] = line
        }
        self.lines = lines.values.sorted { $0.title < $1.title }
        jobs = JobRecovery.times(in: history).map { Double($0.nanoseconds) / 1e6 }
    }

    func html() -> String {
        var rows = lines.map { line in
            let cells =
                [Self.middle(line.sinceBegun), Self.longest(line.sinceBegun)]
                + [Self.middle(line.sinceHealed), Self.longest(line.sinceHealed)]
            let never = line.never == 0 ? "" : " <em>(\(line.never) too late to tell)</em>"
            return "<tr><td>\(HTMLReport.escape(line.title))\(never)</td>"
                + "<td class=\"n\">\(line.sinceBegun.count)</td>"
                + cells.map { "<td class=\"n\">\($0)</td>" }.joined() + "</tr>"
        }
        if !jobs.isEmpty {
            rows.append(
                "<tr><td>a killed worker's job runs again</td><td class=\"n\">\(jobs.count)</td>"
                    + "<td class=\"n\">\(Self.middle(jobs))</td><td class=\"n\">\(Self.longest(jobs))</td>"
                    + "<td></td><td></td></tr>")
        }
        if rows.isEmpty { return "" }
        let head = ["fault", "times", "half within", "longest", "from its end, half", "longest"]
            .enumerated().map { "<th\($0.offset == 0 ? "" : " class=\"n\"")>\($0.element)</th>" }.joined()
        return "<div class=\"wide\"><table><tr>\(head)</tr>\(rows.joined())</table></div>"
            + "<p class=\"legend\">Until every lock that had been in use was granted to somebody again.</p>"
    }

    private static func middle(_ values: [Double]) -> String {
        values.isEmpty ? "–" : Plot.milliseconds(values.sorted()[(values.count - 1) / 2])
    }

    private static func longest(_ values: [Double]) -> String { values.max().map(Plot.milliseconds) ?? "–" }
}
