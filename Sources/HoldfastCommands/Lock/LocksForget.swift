import ArgumentParser
import HoldfastLocks
import HoldfastRedis
import HoldfastRuntime
import Synchronization

struct LocksForget: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget", abstract: "Drop the counters of names that were not locked for a while.",
        discussion: """
            Every name that was ever locked has a counter on each node, for ever. This drops those that are not used \
            any more; tokens go on growing all the same, for every node remembers the largest number that it dropped \
            and starts above it. It may run at any time, for example once a day; locks that are held are left alone.

            Redis does not know when a counter below 10000 was last used until it is watched, so such a counter is \
            dropped by the second run at the earliest. Exit status 69 when fewer than a majority of the nodes were \
            swept.

            Examples:
              holdfast locks forget --idle 7d --dry-run
              holdfast locks forget --idle 7d --nodes redis://a,redis://b,redis://c
            """)

    @Option(help: ArgumentHelp("For how long a name must not have been locked.", valueName: "time"))
    var idle: SpanArgument

    @Flag(help: "Only count, and change nothing.")
    var dryRun = false

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    private struct Report: Encodable {
        struct Node: Encodable {
            var server: String
            var seen: Int
            var used: Int
            var unwatched: Int
            var idle: Int
            var forgotten: Int
            var held: Int
            var floor: Int64?
            var failure: String?
        }
        var dryRun: Bool
        var nodes: [Node]
    }

    func run() async throws {
        let configuration = LockClusterConfiguration(nodes: try connection.nodeConfigurations())
        let view = SweepView(configuration.nodes.map(\.address.description), isShown: !output.json && !output.quiet)
        let sweep = try await LockCluster.forgetIdle(
            configuration, olderThan: idle.duration, dryRun: dryRun,
            transport: try connection.transport(to: configuration.nodes), progress: view.show)
        try view.clear()
        if output.json {
            try Output.standard.json(report(sweep))
        } else {
            if !output.quiet { for line in lines(sweep) { try Output.standard.line(line) } }
            for node in sweep.nodes {
                if let failure = node.failure { try Output.error.line("\(node.server): \(failure.message)") }
            }
            if sweep.nodes.contains(where: { $0.unwatched > 0 }) {
                try output.remark(
                    dryRun
                        ? "The first run without --dry-run begins to watch those that are not watched."
                        : "Those that were not watched are from now on: run it again when --idle has passed.")
            }
        }
        if !sweep.sweptMajority {
            let failed = sweep.nodes.count { $0.failure != nil }
            throw CommandFailure("\(failed) of \(sweep.nodes.count) lock nodes were not swept", code: .unavailable)
        }
    }

    private func report(_ sweep: CounterSweep) -> Report {
        Report(
            dryRun: dryRun,
            nodes: sweep.nodes.map {
                .init(
                    server: $0.server, seen: $0.seen, used: $0.used, unwatched: $0.unwatched, idle: $0.idle,
                    forgotten: $0.forgotten, held: $0.held, floor: $0.floor, failure: $0.failure?.message)
            })
    }

    private func lines(_ sweep: CounterSweep) -> [String] {
        var table = Table(
            ["NODE", "COUNTERS", "USED", "UNWATCHED", "IDLE", "HELD", "FORGOTTEN", "FLOOR"],
            right: [1, 2, 3, 4, 5, 6, 7])
        for node in sweep.nodes {
            table.add([
                "\(node.server)", "\(node.seen)", "\(node.used)", "\(node.unwatched)", "\(node.idle)", "\(node.held)",
                "\(node.forgotten)", "\(node.floor.map { "\($0)" } ?? "-")",
            ])
        }
        return table.lines(Palette(for: .standard))
    }
}

/// How far the sweep is, on a terminal.
private final class SweepView: Sendable {
    private let view: LiveView?
    private let lines: Mutex<[String]>
    private let servers: [String]

    init(_ servers: [String], isShown: Bool) {
        view = isShown && Output.standard.isTerminal ? LiveView() : nil
        self.servers = servers
        lines = Mutex(servers.map { "\($0): …" })
    }

    @Sendable func show(_ index: Int, _ node: CounterSweep.Node) {
        lines.withLock { lines in
            lines[index] = "\(servers[index]): \(node.seen) counters, \(node.idle) idle, \(node.forgotten) forgotten"
            // A reader that went away is met again when the result is written.
            try? view?.show(lines)
        }
    }

    func clear() throws { try view?.clear() }
}
