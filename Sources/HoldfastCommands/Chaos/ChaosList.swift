import ArgumentParser
import HoldfastChaos

struct ChaosList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the scenarios of a directory.",
        discussion: """
            Examples:
              holdfast chaos list
              holdfast chaos list ./my-scenarios --json
            """)

    @Argument(help: "Where the scenarios are.")
    var directory = "chaos"

    @OptionGroup var output: OutputOptions

    private struct Entry: Encodable {
        var name: String
        var about: String
        var workload: Workload.Kind
        var faults: [String]
        var guarantees: [Guarantee]
        var mutants: [Mutant]
    }

    func run() async throws {
        let scenarios = try Scenario.all(in: directory)
        if output.json {
            try Output.standard.json(
                scenarios.map {
                    Entry(
                        name: $0.name, about: $0.about, workload: $0.workload.kind, faults: $0.faults.map(\.title),
                        guarantees: $0.guarantees, mutants: $0.mutants)
                })
        } else if output.quiet {
            for scenario in scenarios { try Output.standard.line(scenario.name) }
        } else {
            var table = Table(["scenario", "workload", "faults", "about"])
            for scenario in scenarios {
                let faults = Set(scenario.faults.map(\.title)).sorted().joined(separator: ", ")
                table.add([
                    Table.Cell(scenario.name), Table.Cell(scenario.workload.kind.rawValue), Table.Cell(faults),
                    Table.Cell(scenario.about),
                ])
            }
            for line in table.lines(Palette(for: .standard)) { try Output.standard.line(line) }
        }
    }
}
