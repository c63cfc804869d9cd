import HoldfastChaos
import HoldfastHistory

/// Verdicts for people.
enum ChaosTable {
    static func write(_ result: ChaosResult, quiet: Bool) throws {
        let palette = Palette(for: .standard)
        let output = Output.standard
        if quiet {
            return try output.line("\(result.scenario) seed \(result.seed): \(result.verdict.rawValue)")
        }
        var faults = Table(["fault", "planned", "injected", "confirmed", "not, because"], right: [1, 2, 3])
        for tally in result.faults {
            faults.add([
                Table.Cell(tally.title), "\(tally.planned)", "\(tally.injected)",
                Table.Cell("\(tally.confirmed)", tally.isEnough ? nil : .yellow),
                Table.Cell(tally.reasons.joined(separator: "; ")),
            ])
        }
        try output.line()
        if !result.faults.isEmpty {
            for line in faults.lines(palette) { try output.line(line) }
            try output.line()
        }
        var table = Table(["guarantee", "verdict", "counted"])
        for judgement in result.judgements {
            let figures = judgement.figures.filter { $0.value != 0 }.map { "\($0.value) \($0.name)" }
            table.add([
                Table.Cell(judgement.guarantee), cell(judgement.verdict),
                Table.Cell(judgement.guarantee == ChaosResult.faultsHappened ? "" : figures.joined(separator: ", ")),
            ])
        }
        for line in table.lines(palette) { try output.line(line) }
        for judgement in result.judgements { try write(judgement, palette) }
        try output.line()
    }

    private static func write(_ judgement: Judgement, _ palette: Palette) throws {
        if let doubt = judgement.doubt { try Output.standard.line("\n\(judgement.guarantee): unknown, \(doubt)") }
        for violation in judgement.violations.prefix(3) {
            try Output.standard.line()
            try Output.standard.line(Style.red(violation.sentence, palette))
            try Output.standard.line("  from \(seconds(violation.from)) to \(seconds(violation.to))")
            for operation in violation.operations { try Output.standard.line("    \(operation)") }
            for fault in violation.faults { try Output.standard.line(Style.yellow("    fault: \(fault)", palette)) }
        }
        let untold = judgement.violationCount - min(3, judgement.violations.count)
        if untold > 0, judgement.violationCount > 3 { try Output.standard.line("  and \(untold) more") }
    }

    private static func seconds(_ nanoseconds: Int64) -> String {
        "\((Double(nanoseconds) / 1_000_000).rounded() / 1000) s"
    }

    static func cell(_ verdict: Verdict) -> Table.Cell {
        switch verdict {
        case .valid: Table.Cell("holds", .green)
        case .invalid: Table.Cell("VIOLATED", .red)
        case .unknown: Table.Cell("unknown", .yellow)
        }
    }

    static func write(_ hunt: MutantHunt) throws {
        let palette = Palette(for: .standard)
        let name = "mutant \(hunt.mutant.rawValue) of \(hunt.scenario)"
        if let evidence = hunt.evidence {
            try Output.standard.line(Style.green("\(name): found", palette) + " (\(evidence))")
        } else {
            try Output.standard.line(Style.red("\(name): SURVIVED \(hunt.runs) runs", palette))
        }
    }

    /// What all runs together suffered.
    private static func write(_ faults: [FaultTotal], _ palette: Palette) throws {
        var table = Table(["fault, in all runs", "form", "planned", "seen", "skipped, for"], right: [2, 3])
        for fault in faults {
            table.add([
                Table.Cell(fault.title), Table.Cell(fault.form), "\(fault.planned)",
                Table.Cell("\(fault.confirmed)", fault.isMissing ? .yellow : nil),
                Table.Cell(fault.absence ?? ""),
            ])
        }
        for line in table.lines(palette) { try Output.standard.line(line) }
        try Output.standard.line()
    }

    static func write(_ summary: BatterySummary) throws {
        let palette = Palette(for: .standard)
        if summary.results.count > 1 { try write(summary.faults, palette) }
        for scenario in summary.missing.keys.sorted() {
            let missing = (summary.missing[scenario] ?? []).map(\.rawValue).joined(separator: ", ")
            try Output.standard.line(
                Style.yellow("\(scenario): never happened, though it must sometimes: \(missing)", palette))
        }
        let runs = summary.results.count == 1 ? "1 run" : "\(summary.results.count) runs"
        let mutants = summary.hunts.isEmpty ? "" : ", \(summary.hunts.count) mutants"
        let sentence =
            switch summary.verdict {
            case .valid: Style.green("Every guarantee held in \(runs)\(mutants).", palette)
            case .invalid: Style.red("A guarantee was violated, or a mutant survived (\(runs)\(mutants)).", palette)
            case .unknown: Style.yellow("Not everything could be decided (\(runs)\(mutants)).", palette)
            }
        try Output.standard.line(sentence)
    }
}
