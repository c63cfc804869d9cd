import ArgumentParser
import HoldfastChaos
import HoldfastHistory

struct ChaosReport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Judge a recorded run again, and write its report anew.",
        discussion: """
            Reads history.jsonl and scenario.yml of the directory, not what the earlier verdict was: a history that \
            somebody sends can be judged by whoever receives it.

            Example:
              holdfast chaos report ./chaos-report/counter-7
            """)

    @Argument(help: "A run's directory in what --report wrote.")
    var directory: String

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let report = ReportDirectory(directory)
        let history = try report.history()
        let result = try report.result().judgedAgain(history, try report.scenario())
        try report.write(result, history)
        if output.json {
            try Output.standard.json(result)
        } else {
            try ChaosTable.write(result, quiet: output.quiet)
            try output.remark("\(directory)/report.html is written.")
        }
        if result.verdict != .valid { throw ArgumentParser.ExitCode(result.verdict.exitStatus) }
    }
}

extension HistoryError: ExplainedFailure {
    var exitCode: ExitCode { .failed }
}
