import ArgumentParser
import Foundation
import HoldfastChaos
import HoldfastHistory
import HoldfastLocks
import HoldfastRedis

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Put your own lock nodes to the test, and judge what their clients saw.",
        discussion: """
            Examines the nodes as 'holdfast cluster doctor' does, then starts clients on this machine that count under \
            locks while they are killed, paused beyond their leases and cut off from a minority of the nodes, one way \
            or both. The nodes themselves are not harmed. Lock names begin with holdfast-verify/; values are kept on a \
            store of the run's own, or on --store, and deleted at the end.

            Exit status: 0 every guarantee held, 1 one was violated or the nodes are not safe, 2 it could not be \
            decided or the command line is wrong, 69 the nodes are not there.

            Examples:
              holdfast verify --nodes redis://a,redis://b,redis://c
              holdfast verify --nodes redis://a,redis://b,redis://c --seconds 60 --junit verify.xml --html verify.html
            """)

    @Option(help: ArgumentHelp("For how long clients count and suffer.", valueName: "seconds"))
    var seconds = 20

    @Option(help: ArgumentHelp("How many client processes.", valueName: "count"))
    var clients = 4

    @Option(help: ArgumentHelp("Increments a second of all clients together, at most.", valueName: "count"))
    var rate = 100

    @Option(help: ArgumentHelp("Faults are drawn from it.", valueName: "number"))
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("Write the verdicts there as JUnit XML.", valueName: "file"))
    var junit: String?

    @Option(help: ArgumentHelp("Write the report there as one HTML page.", valueName: "file"))
    var html: String?

    @Flag(help: "Go on although the examination of the nodes found errors.")
    var force = false

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (5...3600).contains(seconds) else { throw ValidationError("--seconds takes 5 to 3600") }
        guard (2...32).contains(clients) else { throw ValidationError("--clients takes 2 to 32") }
        guard (1...10_000).contains(rate) else { throw ValidationError("--rate takes 1 to 10000") }
    }

    func run() async throws {
        let nodes = try connection.nodeConfigurations()
        try await examine(nodes)
        var options = Verification.Options(nodes: try connection.nodeURLs(), program: try OwnProgram.path())
        options.store = connection.store
        options.clients = clients
        options.seconds = seconds
        options.rate = rate
        options.seed = seed
        let view = ChaosView(isShown: !output.json && !output.quiet, seconds: seconds)
        let outcome: ChaosRun.Outcome
        do { outcome = try await Verification(options) { view.show($0) }.run() } catch {
            try view.clear()
            throw error
        }
        try view.clear()
        try save(outcome.junit, to: junit)
        let again = "holdfast verify --nodes … --seconds \(seconds) --clients \(clients) --seed \(seed)"
        try save(outcome.page(command: again), to: html)
        if output.json {
            try Output.standard.json(outcome.result)
        } else {
            try ChaosTable.write(outcome.result, quiet: output.quiet)
        }
        if outcome.result.verdict != .valid { throw ArgumentParser.ExitCode(outcome.result.verdict.exitStatus) }
    }

    /// Servers that are no lock nodes, or not safe ones, are not loaded.
    private func examine(_ nodes: [RedisConfiguration]) async throws {
        let diagnosis = try await LockCluster.diagnose(
            LockClusterConfiguration(nodes: nodes), transport: try connection.transport(to: nodes))
        if diagnosis.reachable < diagnosis.majority {
            throw CommandFailure(
                "\(diagnosis.reachable) of \(nodes.count) lock nodes answer, \(diagnosis.majority) must",
                code: .unavailable)
        }
        guard diagnosis.voting >= diagnosis.majority else {
            throw CommandFailure(
                "these servers are no lock nodes that can vote: run 'holdfast cluster init' or "
                    + "'holdfast cluster doctor' on them first")
        }
        let errors = diagnosis.findings.filter { $0.severity == .error }
        if let first = errors.first, !force {
            throw CommandFailure(
                "the examination found \(errors.count) errors, such as: \(first.what). "
                    + "See 'holdfast cluster doctor'; --force goes on nevertheless")
        }
        try output.remark("\(nodes.count) lock nodes, \(diagnosis.voting) vote; \(clients) clients, \(seconds) s")
    }

    private func save(_ text: String, to path: String?) throws {
        guard let path else { return }
        do { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) } catch {
            throw CommandFailure("cannot write \(path): \(error.localizedDescription)")
        }
    }
}
