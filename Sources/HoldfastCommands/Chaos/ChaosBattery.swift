import ArgumentParser
import HoldfastChaos
import HoldfastHistory

/// The runs of one call of `holdfast chaos run`, told as they end.
struct ChaosBattery {
    private let output: OutputOptions
    private let report: String?
    private let program: String
    private var results: [ChaosResult] = []
    private var hunts: [MutantHunt] = []

    /// How often a mutant may escape: whether a pause of real processes hits the one moment that harms is luck.
    private static let attempts: UInt64 = 5

    init(output: OutputOptions, report: String?, program: String) {
        self.output = output
        self.report = report
        self.program = program
    }

    mutating func run(_ scenario: Scenario, file: String, seed: UInt64, mutant: Mutant?) async throws {
        let result = try await suffer(scenario, file: file, seed: seed, mutant: mutant)
        results.append(result)
        if !output.json { try ChaosTable.write(result, quiet: output.quiet) }
    }

    /// Runs a mutant until it is found, which it must be.
    mutating func hunt(_ mutant: Mutant, in scenario: Scenario, file: String, from seed: UInt64) async throws {
        var hunt = MutantHunt(mutant: mutant, scenario: scenario.name)
        for seed in seed..<seed + Self.attempts where !hunt.isFound {
            let result = try await suffer(scenario, file: file, seed: seed, mutant: mutant)
            hunt.runs += 1
            // Work that was not done in time shows no harm: a checker that is blind to it must not pass.
            let harm = result.judgements.first {
                $0.verdict == .invalid && $0.violationCount > 0 && $0.guarantee != LivenessCheck.guarantee
            }
            hunt.evidence = harm.map {
                "\($0.guarantee): \($0.violations.first?.sentence ?? "violated")"
            }
        }
        hunts.append(hunt)
        if !output.json { try ChaosTable.write(hunt) }
    }

    private func suffer(
        _ scenario: Scenario, file: String, seed: UInt64, mutant: Mutant?
    ) async throws -> ChaosResult {
        var options = ChaosOptions(program: program)
        options.seed = seed
        options.mutant = mutant
        let without = mutant.map { ", WITHOUT a protection: \($0.rawValue)" } ?? ""
        try output.remark("\(scenario.name), seed \(seed), \(scenario.budget.seconds) s\(without)")
        let view = ChaosView(isShown: !output.json && !output.quiet, seconds: scenario.budget.seconds)
        let outcome: ChaosRun.Outcome
        do { outcome = try await ChaosRun(scenario, options) { view.show($0) }.run() } catch {
            try view.clear()
            throw error
        }
        try view.clear()
        if let report {
            let name = "\(scenario.name)-\(seed)" + (mutant.map { "-\($0.rawValue)" } ?? "")
            try ReportDirectory("\(report)/\(name)").write(outcome, scenarioFile: file)
        }
        return outcome.result
    }

    /// Tells how it ended, and ends the command with that status.
    func finish() throws {
        let summary = BatterySummary(results, hunts)
        if output.json { try Output.standard.json(summary) } else { try ChaosTable.write(summary) }
        if let report { try ReportDirectory(report).write(summary) }
        if summary.verdict != .valid { throw ArgumentParser.ExitCode(summary.verdict.exitStatus) }
    }
}
