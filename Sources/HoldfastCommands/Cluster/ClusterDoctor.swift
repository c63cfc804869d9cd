import ArgumentParser
import HoldfastLocks
import HoldfastRedis
import HoldfastRuntime

struct ClusterDoctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Examine lock nodes: whether locks work, whether they are safe, what to do.",
        discussion: """
            Asks every listed node for its settings, clock, record and keys, and judges them and the cluster that they \
            make. It changes nothing, and works with any node down, hanging or not a Redis server at all. Every \
            finding says what is so, why it matters and what to do, with the command where there is one.

            Exit status: 0 all is well, 1 there are warnings or errors (--fail-on error: errors), 69 fewer than a \
            majority of the nodes answer.

            Examples:
              holdfast cluster doctor
              holdfast cluster doctor --nodes redis://a,redis://b,redis://c --all
              holdfast cluster doctor --json --fail-on error
            """)

    enum Threshold: String, ExpressibleByArgument, CaseIterable { case warning, error }

    @Option(help: ArgumentHelp("From which severity on the exit status is 1.", valueName: "severity"))
    var failOn = Threshold.warning

    @Flag(help: "Show what is all right too.")
    var all = false

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let configuration = LockClusterConfiguration(nodes: try connection.nodeConfigurations())
        let diagnosis = try await LockCluster.diagnose(
            configuration, transport: try connection.transport(to: configuration.nodes))
        let suffix = connection.repeated(hasSecrets: configuration.nodes.contains { $0.password != nil })
        if output.json {
            try Output.standard.json(DiagnosisReport(diagnosis, suffix: suffix))
        } else {
            let lines = DiagnosisText(diagnosis, suffix: suffix, showsAll: all, isBrief: output.quiet)
                .lines(Palette(for: .standard))
            for line in lines { try Output.standard.line(line) }
        }
        let (errors, warnings) = (diagnosis.count(.error), diagnosis.count(.warning))
        if diagnosis.reachable < diagnosis.majority {
            throw CommandFailure(
                "\(diagnosis.reachable) of \(diagnosis.nodes.count) lock nodes answer, \(diagnosis.majority) must",
                code: .unavailable)
        }
        if errors > 0 || warnings > 0 && failOn == .warning {
            throw CommandFailure("\(errors) errors, \(warnings) warnings")
        }
    }
}

extension Diagnosis {
    fileprivate func count(_ severity: Severity) -> Int { findings.count { $0.severity == severity } }
}

extension ConnectionOptions {
    /// The options that name the same servers again, to stand behind a command; without what must stay secret.
    fileprivate func repeated(hasSecrets: Bool) -> String {
        if let nodes { return hasSecrets ? " --nodes …" : " --nodes \(Self.quoted(nodes))" }
        return dir.map { " --dir \(Self.quoted($0))" } ?? ""
    }

    private static func quoted(_ text: String) -> String {
        let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/:.,_-@[]".contains($0)) }
        return isPlain ? text : "'\(text.replacing("'", with: "'\\''"))'"
    }
}
