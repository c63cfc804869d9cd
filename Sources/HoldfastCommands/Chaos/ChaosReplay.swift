import ArgumentParser
import HoldfastChaos

struct ChaosReplay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Run again what a report tells of: the same scenario, seed and mutant.",
        discussion: """
            The same work is asked for and the same faults are planned. The processes are real: what they make of it \
            is not the same.

            Example:
              holdfast chaos replay ./chaos-report/counter-7 --report ./again
            """)

    @Argument(help: "A run's directory in what --report wrote.")
    var directory: String

    @Option(help: ArgumentHelp("Write results, history and page there.", valueName: "dir"))
    var report: String?

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let earlier = ReportDirectory(directory)
        let result = try earlier.result()
        var battery = ChaosBattery(output: output, report: report, program: try OwnProgram.path())
        try await battery.run(
            try earlier.scenario(), file: "\(directory)/scenario.yml", seed: result.seed, mutant: result.mutant)
        try battery.finish()
    }
}
