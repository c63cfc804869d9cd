import ArgumentParser
import Foundation
import HoldfastChaos
import HoldfastProcess

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Agents move credits while their workers and lock nodes die; then an audit.",
        discussion: """
            Starts lock nodes, a store and a fleet of worker processes on this machine. Agents move credits between \
            the accounts of a ledger, each under the quorum locks of both accounts, while workers are killed or paused \
            beyond their leases and lock nodes are killed and restarted. At the end the ledger's own journal is \
            replayed and compared. Exit status 0 only if every guarantee held and the planned faults really happened.

            With --unsafe the ledger does not look at fencing tokens: the same faults then lose updates, and the audit \
            finds them.

            Examples:
              holdfast demo --seconds 20 --seed 1
              holdfast demo --seconds 20 --seed 1 --unsafe
              holdfast demo --workers 12 --fault-rate 2 --dir ./run --json
            """)

    @Option(help: ArgumentHelp("How many lock nodes.", valueName: "count"))
    var nodes = 5

    @Option(help: ArgumentHelp("How many worker processes.", valueName: "count"))
    var workers = 6

    @Option(help: ArgumentHelp("For how long transfers are asked for and faults injected.", valueName: "seconds"))
    var seconds = 20

    @Option(help: ArgumentHelp("Transfers and faults are drawn from it.", valueName: "number"))
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("1 plans 7 kills, 5 pauses and 4 node kills in 20 s; 0 none.", valueName: "factor"))
    var faultRate = 1.0

    @Flag(help: "Switch the ledger's fences off, and see the harm.")
    var unsafe = false

    @Option(help: ArgumentHelp("Keep logs, histories and data in this new directory.", valueName: "dir"))
    var dir: String?

    @OptionGroup var output: OutputOptions

    func run() async throws {
        var configuration = DemoConfiguration(program: try OwnProgram.path())
        configuration.nodes = nodes
        configuration.workers = workers
        configuration.seconds = seconds
        configuration.seed = seed
        configuration.faultRate = faultRate
        configuration.unsafe = unsafe
        configuration.directory = dir.map { URL(fileURLWithPath: $0).standardizedFileURL.path }
        let view = ChaosView(isShown: !output.json && !output.quiet, seconds: seconds)
        let fences = unsafe ? "WITHOUT fences" : "with fences"
        try output.remark("\(nodes) lock nodes, 1 store, \(workers) workers, \(seconds) s, seed \(seed), \(fences)")
        let demo = Demo(configuration) { view.show($0) }
        let verdict: DemoVerdict
        do { verdict = try await demo.run() } catch {
            try view.clear()
            throw error
        }
        try view.clear()
        if output.json {
            try Output.standard.json(DemoReport(verdict, seed: seed, unsafe: unsafe))
        } else {
            try verdict.write(to: .standard, quiet: output.quiet)
        }
        if !verdict.holds { throw ArgumentParser.ExitCode(1) }
    }
}

extension ChaosError: ExplainedFailure {
    var exitCode: ExitCode { isUsage ? .usage : .failed }
}
