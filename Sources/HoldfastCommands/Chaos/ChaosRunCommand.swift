import ArgumentParser
import Foundation
import HoldfastChaos
import HoldfastHistory

struct ChaosRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run scenarios, and judge each run.",
        discussion: """
            Work and faults are a pure function of the seed; what real processes make of them is not, so that no two \
            runs are the same. With several files or seeds, what a scenario says must happen sometimes must happen in \
            one of its runs.

            With --mutants each scenario is run again with each of its protections switched off, up to five times: \
            the harm must be found, or the checkers are blind.

            Examples:
              holdfast chaos run chaos/counter.yml --seed 7
              holdfast chaos run chaos/*.yml --seeds 3 --mutants --report ./chaos-report
              holdfast chaos run chaos/agents.yml --mutant fence-off --seconds 10 --json
            """)

    @Argument(help: "The scenarios' files.")
    var files: [String]

    @Option(help: ArgumentHelp("The first seed.", valueName: "number"))
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("How many seeds, one run each.", valueName: "count"))
    var seeds = 1

    @Option(help: ArgumentHelp("For how long work is asked for and faults are injected.", valueName: "seconds"))
    var seconds: Int?

    @Option(help: ArgumentHelp("Switch one protection off in every run.", valueName: "name"))
    var mutant: String?

    @Flag(help: "Run each scenario's mutants too, and fail if one is not found.")
    var mutants = false

    @Option(
        name: .customLong("hunt"),
        help: ArgumentHelp("As --mutants, for this one only; may be given again.", valueName: "name"))
    var hunted: [String] = []

    @Option(help: ArgumentHelp("Write results, histories and pages there.", valueName: "dir"))
    var report: String?

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...10_000).contains(seeds) else { throw ValidationError("--seeds takes 1 to 10000") }
        guard seconds.map({ (1...86_400).contains($0) }) ?? true else {
            throw ValidationError("--seconds takes 1 to 86400")
        }
        guard (hunted + [mutant].compactMap(\.self)).allSatisfy({ Mutant(rawValue: $0) != nil }) else {
            let known = Mutant.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--mutant and --hunt take one of \(known)")
        }
    }

    func run() async throws {
        var battery = ChaosBattery(output: output, report: report, program: try OwnProgram.path())
        var scenarios: [(file: String, scenario: Scenario)] = []
        for file in files {
            var scenario = try Scenario(file: file)
            if let seconds { scenario.budget.seconds = seconds }
            scenarios.append((file, scenario))
        }
        for mutant in hunted where !scenarios.contains(where: { $0.scenario.mutants.map(\.rawValue).contains(mutant) })
        {
            throw CommandFailure(
                "none of these scenarios finds the mutant \(mutant): it would go unhunted", code: .usage)
        }
        for (file, scenario) in scenarios {
            for seed in seed..<seed + UInt64(seeds) {
                try await battery.run(scenario, file: file, seed: seed, mutant: mutant.flatMap(Mutant.init))
            }
            for mutant in scenario.mutants where mutants || hunted.contains(mutant.rawValue) {
                try await battery.hunt(mutant, in: scenario, file: file, from: seed)
            }
        }
        try battery.finish()
    }
}
