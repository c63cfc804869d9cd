import HoldfastLocks
import HoldfastRuntime

/// A diagnosis as people read it: a table of the nodes, and what there is to say.
struct DiagnosisText {
    let diagnosis: Diagnosis
    let suffix: String
    let showsAll: Bool
    /// Without the table and the last line.
    let isBrief: Bool

    init(_ diagnosis: Diagnosis, suffix: String, showsAll: Bool, isBrief: Bool) {
        self.diagnosis = diagnosis
        self.suffix = suffix
        self.showsAll = showsAll
        self.isBrief = isBrief
    }

    func lines(_ palette: Palette) -> [String] {
        var lines = isBrief ? [] : table(palette)
        let shown = diagnosis.findings.filter { showsAll || $0.severity > .ok }
            .sorted { ($1.severity, $0.node ?? -1) < ($0.severity, $1.node ?? -1) }
        for finding in shown {
            if finding.severity > .ok, !lines.isEmpty { lines.append("") }
            lines += text(of: finding, palette)
        }
        if !isBrief {
            let passed = diagnosis.findings.count { $0.severity == .ok }
            lines += ["", "\(diagnosis.findings.count) checks, \(passed) all right."]
        }
        return lines
    }

    private func table(_ palette: Palette) -> [String] {
        var table = Table(
            ["NODE", "SERVER", "VERSION", "RTT MS", "CLOCK MS", "LOCKS", "COUNTERS", "FLOOR", "STATE"],
            right: [0, 3, 4, 5, 6, 7])
        for node in diagnosis.nodes {
            let isUp = node.failure == nil
            table.add([
                "\(node.index)", "\(node.server)", "\(node.version ?? "-")",
                "\(node.roundTrip.map { ($0.seconds * 1000).rounded3 } ?? "-")",
                "\(node.clockAhead.map { ($0 >= .milliseconds(1) ? "+" : "") + "\($0.milliseconds)" } ?? "-")",
                isUp ? "\(node.locks)" : "-", isUp ? "\(node.counters)\(node.isCounted ? "" : "+")" : "-",
                "\(node.floor.map { "\($0)" } ?? "-")", state(node),
            ])
        }
        return table.lines(palette)
    }

    private func state(_ node: Diagnosis.Node) -> Table.Cell {
        if node.votes { return Table.Cell("votes", .green) }
        if node.failure != nil { return Table.Cell("no answer", .red) }
        if let waits = node.waits { return Table.Cell("waits \(Int(waits.seconds.rounded(.up))) s", .yellow) }
        return Table.Cell(node.standing == nil ? "no lock node" : "does not vote", .yellow)
    }

    private func text(of finding: Diagnosis.Finding, _ palette: Palette) -> [String] {
        let style: Style =
            switch finding.severity {
            case .ok: .green
            case .warning: .yellow
            case .error: .red
            }
        let place = finding.node.map { "node \($0) (\(diagnosis.nodes[$0].server))" } ?? "the cluster"
        var lines = [
            "\(style(finding.severity.rawValue, palette)) \(finding.check.rawValue), \(place): \(finding.what)"
        ]
        if !finding.why.isEmpty { lines.append("  why: \(finding.why)") }
        if !finding.remedy.isEmpty { lines.append("  do:  \(finding.remedy)") }
        if let command = finding.fullCommand(suffix) { lines.append("       \(Style.bold(command, palette))") }
        return lines
    }
}

extension Double {
    fileprivate var rounded3: String { String((self * 1000).rounded() / 1000) }
}
