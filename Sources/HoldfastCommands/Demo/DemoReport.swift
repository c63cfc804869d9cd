import HoldfastChaos
import HoldfastHistory

/// The verdict as `--json` prints it.
struct DemoReport: Codable {
    struct Line: Codable {
        var what: String
        var value: String
        /// Absent: told, not judged.
        var holds: Bool?
    }

    var seed: UInt64
    var unsafe: Bool
    var holds: Bool
    var verdict: [Line]
    /// What each checker counted and found.
    var judgements: [Judgement]

    init(_ verdict: DemoVerdict, seed: UInt64, unsafe: Bool) {
        self.seed = seed
        self.unsafe = unsafe
        holds = verdict.holds
        self.verdict = verdict.lines.map {
            Line(what: $0.what.trimmingPrefix(while: { $0 == " " }).description, value: $0.value, holds: $0.holds)
        }
        judgements = verdict.judgements
    }
}

extension DemoVerdict {
    /// Writes the verdict as a table, or in one sentence.
    func write(to output: Output, quiet: Bool) throws {
        let palette = Palette(for: output)
        if !quiet {
            var table = Table(["audit", "value", "verdict"], right: [1])
            for line in lines {
                let verdict: Table.Cell =
                    switch line.holds {
                    case true?: Table.Cell("holds", .green)
                    case false?: Table.Cell("VIOLATED", .red)
                    case nil: Table.Cell("")
                    }
                table.add([Table.Cell(line.what), Table.Cell(line.value), verdict])
            }
            try output.line()
            for line in table.lines(palette) { try output.line(line) }
            try output.line()
        }
        let broken = lines.count { $0.holds == false }
        try output.line(
            holds
                ? Style.green("Every guarantee held.", palette)
                : Style.red("\(broken) of the judged lines are violated.", palette))
    }
}
