import ArgumentParser
import HoldfastCluster
import Logging

/// Measures the hot paths on servers of its own, each beside the floor or the peer, in one run. For ratios: absolute
/// numbers are this machine's, which the servers share with the client.
@main
struct BenchMain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "holdfast-bench", abstract: "Measure the hot paths beside a floor or other libraries.",
        discussion: """
            The make targets bench, bench-locks, bench-jobs and soak run it with what they install.

            Examples:
              holdfast-bench redis ledger
              holdfast-bench --rounds 3 --fsync always locks
              holdfast-bench soak --cycles 1000000
            """,
        subcommands: [RunCommand.self, SoakCommand.self], defaultSubcommand: RunCommand.self)

    static func main() async {
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = .warning
            return handler
        }
        await main(nil)
    }
}

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "run", abstract: "Run benchmarks (the default).")

    enum Benchmark: String, CaseIterable, ExpressibleByArgument { case redis, locks, failures, ledger, jobs }

    @Option(help: ArgumentHelp("How long each contestant runs, 0.1 to 600.", valueName: "seconds"))
    var seconds = 3.0

    @Option(help: ArgumentHelp("How often each contestant of locks and jobs runs, 1 to 99.", valueName: "count"))
    var rounds = 1

    @Option(help: ArgumentHelp("A script that runs other lock libraries.", valueName: "path"))
    var peers: String?

    @Option(help: ArgumentHelp("A script that runs other job queues.", valueName: "path"))
    var jobPeers: String?

    @Option(help: "When lock nodes sync their files. The disk would hide what the code costs.")
    var fsync = NodeFsync.never

    @Argument(help: "Which to run; all if none is named.")
    var benchmarks: [Benchmark] = []

    func validate() throws {
        guard (0.1...600).contains(seconds) else { throw ValidationError("--seconds is from 0.1 to 600.") }
        guard (1...99).contains(rounds) else { throw ValidationError("--rounds is from 1 to 99.") }
    }

    func run() async throws {
        let chosen = Set(benchmarks.isEmpty ? Benchmark.allCases : benchmarks)
        let span = Duration.seconds(seconds)
        try await withTemporaryCluster(
            nodes: 5, stores: 1, nodeFsync: fsync.policy, storeFsync: .never, nodeSettings: fsync.settings
        ) { cluster in
            if chosen.contains(.locks) {
                let peers = peers.map { Peers(script: PeerScript(path: $0)) }
                try await LockBenchmark(cluster: cluster, span: span, rounds: rounds, peers: peers).run()
            }
            if chosen.contains(.jobs) {
                let peers = jobPeers.map { JobPeers(script: PeerScript(path: $0)) }
                try await JobBenchmark(cluster: cluster, span: span, rounds: rounds, peers: peers).run()
            }
            if chosen.isSubset(of: [.locks, .jobs]) { return }
            print(Row.heading)
            if chosen.contains(.redis) { try await RedisBenchmark(cluster: cluster, span: span).run() }
            if chosen.contains(.failures) { try await FailureBenchmark(cluster: cluster, span: span).run() }
            if chosen.contains(.ledger) { try await LedgerBenchmark(cluster: cluster, span: span).run() }
        }
    }
}

extension NodeFsync: ExpressibleByArgument {}
