import ArgumentParser
import Foundation
import HoldfastChaos
import HoldfastHistory
import HoldfastProcess
import HoldfastRedis
import HoldfastRedisTLS

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Put your own lock nodes to the test, and judge what their clients saw.",
        discussion: """
            Examines the nodes as 'holdfast cluster doctor' does, then starts clients on this machine that count under \
            locks while they are killed, paused beyond their leases and cut off from a minority of the nodes, one way \
            or both. The nodes themselves are not harmed. Lock names begin with holdfast-verify/; values are kept on a \
            store of the run's own, or on --store, and deleted at the end.

            With --adapter another lock library is judged in the same way, on any Redis servers without data of \
            others: docs/other-locks.md describes the protocol, chaos/adapters has some.

            Exit status: 0 every guarantee held, 1 one was violated or the nodes are not safe, 2 it could not be \
            decided or the command line is wrong, 69 the nodes are not there.

            Examples:
              holdfast verify --nodes redis://a,redis://b,redis://c
              holdfast verify --nodes rediss://a,rediss://b,rediss://c --tls-ca ca.pem --junit verify.xml --html v.html
              holdfast verify --adapter 'python3 chaos/adapters/redlock_py.py' --nodes redis://a,redis://b,redis://c
            """)

    @Option(help: ArgumentHelp("For how long clients count and suffer.", valueName: "seconds"))
    var seconds = 20

    @Option(help: ArgumentHelp("How many client processes.", valueName: "count"))
    var clients = 4

    @Option(help: ArgumentHelp("Increments a second of all clients together, at most.", valueName: "count"))
    var rate = 100

    @Option(help: ArgumentHelp("Faults are drawn from it.", valueName: "number"))
    var seed: UInt64 = 1

    @Option(
        help: ArgumentHelp(
            "Only these faults.", discussion: "\(FaultsArgument.allValueStrings[0]) if not given.",
            valueName: "kind,kind,…"))
    var faults: FaultsArgument?

    @Option(
        help: ArgumentHelp(
            "Judge another lock library: the command line of an adapter for it.",
            discussion: "HOLDFAST_ADAPTER if not given, which nobody else on the machine can read.",
            valueName: "command"))
    var adapter: String?

    @Option(help: ArgumentHelp("Write the verdicts there as JUnit XML.", valueName: "file"))
    var junit: String?

    @Option(help: ArgumentHelp("Write the report there as one HTML page.", valueName: "file"))
    var html: String?

    @Option(help: ArgumentHelp("Write the history there, a line of JSON for each event.", valueName: "file"))
    var history: String?

    @Flag(help: "Go on although the examination of the nodes found errors.")
    var force = false

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (5...3600).contains(seconds) else { throw ValidationError("--seconds takes 5 to 3600") }
        guard (2...32).contains(clients) else { throw ValidationError("--clients takes 2 to 32") }
        guard (1...10_000).contains(rate) else { throw ValidationError("--rate takes 1 to 10000") }
        if adapter?.isEmpty == true { throw ValidationError("--adapter takes a command line") }
    }

    func run() async throws {
        let nodes = try connection.nodeConfigurations()
        let urls = try connection.nodeURLs()
        let store = try connection.storeURL().map { try RedisConfiguration(url: $0) }
        let servers = nodes + (store.map { [$0] } ?? [])
        if faults?.kinds.contains(.ring) == true, nodes.count < 3 {
            throw CommandFailure("one node, or two, have no other majority: the fault ring takes three", code: .usage)
        }
        let transport = try connection.transport(to: servers)
        let examination = NodeExamination(nodes: nodes, transport: transport, force: force)
        let adapter = adapterLine
        let summary = try await adapter == nil ? examination.asLockCluster() : examination.asServers()
        let place = if let store { try await examination.ofStore(store) } else { "" }
        try output.remark("\(summary)\(place); \(clients) clients, \(seconds) s")
        var options = Verification.Options(nodes: urls, program: try OwnProgram.path())
        options.store = connection.storeURL()
        options.clients = clients
        options.seconds = seconds
        options.rate = rate
        options.seed = seed
        options.adapter = adapter
        if let faults { options.faults = faults.kinds }
        options.tls = try connection.tlsProvider(for: servers)
        try finish(try await hold(options))
    }

    private func hold(_ options: Verification.Options) async throws -> ChaosRun.Outcome {
        let view = ChaosView(isShown: !output.json && !output.quiet, seconds: seconds)
        let outcome: ChaosRun.Outcome
        do { outcome = try await Verification(options) { view.show($0) }.run() } catch {
            try view.clear()
            throw error
        }
        try view.clear()
        return outcome
    }

    private func finish(_ outcome: ChaosRun.Outcome) throws {
        try save(outcome.junit, to: junit)
        try save(outcome.page(command: repetition), to: html)
        if let history { try outcome.history.write(to: history) }
        if output.json {
            try Output.standard.json(outcome.result)
        } else {
            try ChaosTable.write(outcome.result, quiet: output.quiet)
        }
        if outcome.result.verdict != .valid { throw ArgumentParser.ExitCode(outcome.result.verdict.exitStatus) }
    }

    private var adapterLine: String? {
        adapter ?? Environment.variable(AdapterClient.adapterVariable).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The command that repeats this run, for a page that may be shown to others: without the servers' URLs and the
    /// adapter's command line, which may hold passwords.
    var repetition: String {
        var words = ["holdfast verify"]
        if adapterLine != nil { words.append("--adapter \"$HOLDFAST_ADAPTER\"") }
        words.append("--nodes \"$HOLDFAST_NODES\"")
        if connection.storeURL() != nil { words.append("--store \"$HOLDFAST_STORE\"") }
        words.append("--seconds \(seconds) --clients \(clients) --rate \(rate) --seed \(seed)")
        if let faults { words.append("--faults \(faults.kinds.map(\.rawValue).joined(separator: ","))") }
        if force { words.append("--force") }
        return words.joined(separator: " ")
    }

    private func save(_ text: String, to path: String?) throws {
        guard let path else { return }
        do { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) } catch {
            throw CommandFailure("cannot write \(path): \(error.localizedDescription)")
        }
    }
}
