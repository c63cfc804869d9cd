import ArgumentParser
import HoldfastLocks
import HoldfastRedis
import HoldfastRuntime

struct LocksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "locks", abstract: "List the locks that are held, by anybody.",
        discussion: """
            Asks every lock node that answers, and changes nothing. A lock on fewer nodes than a majority is not held: \
            somebody is about to get it, or left it behind. Exit status 69 when fewer than a majority of the nodes \
            answered, since held locks may then be missing.

            Examples:
              holdfast locks
              holdfast locks --json --nodes redis://a,redis://b,redis://c
            """)

    @Option(help: ArgumentHelp("Most names to list.", valueName: "count"))
    var limit = 10_000

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    private struct Report: Encodable {
        struct Lock: Encodable {
            struct Holding: Encodable {
                var server: String
                var counter: FencingToken?
                var remainingSeconds: Double?
            }
            var name: String
            var owner: String
            var label: String?
            var mode: LockMode
            var token: FencingToken?
            var remainingSeconds: Double?
            var held: Bool
            var nodes: [Holding]
        }
        struct Node: Encodable {
            var server: String
            var failure: String?
        }
        var locks: [Lock]
        var nodes: [Node]
        var complete: Bool
    }

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit is at least 1.") }
    }

    func run() async throws {
        let configuration = LockClusterConfiguration(nodes: try connection.nodeConfigurations())
        let held = try await LockCluster.held(
            configuration, limit: limit, transport: try connection.transport(to: configuration.nodes))
        if output.json {
            try Output.standard.json(Self.report(held))
        } else {
            for line in Self.lines(held, Palette(for: .standard)) { try Output.standard.line(line) }
            if !held.isComplete { try output.remark("There are more; list them with a larger --limit.") }
            for node in held.nodes {
                if let failure = node.failure { try Output.error.line("\(node.server): \(failure.message)") }
            }
        }
        if !held.sawMajority {
            let silent = held.nodes.count { $0.failure != nil }
            throw CommandFailure(
                "\(silent) of \(held.nodes.count) lock nodes did not answer: held locks may be missing here",
                code: .unavailable)
        }
    }

    private static func report(_ held: HeldLocks) -> Report {
        Report(
            locks: held.locks.map { lock in
                .init(
                    name: lock.name.text, owner: lock.owner, label: lock.label, mode: lock.mode, token: lock.token,
                    remainingSeconds: lock.remaining?.seconds, held: lock.isHeld,
                    nodes: lock.holdings.map {
                        .init(
                            server: held.nodes[$0.node].server, counter: $0.counter,
                            remainingSeconds: $0.remaining?.seconds)
                    })
            }, nodes: held.nodes.map { .init(server: $0.server, failure: $0.failure?.message) },
            complete: held.isComplete)
    }

    private static func lines(_ held: HeldLocks, _ palette: Palette) -> [String] {
        if held.locks.isEmpty { return ["No lock is held."] }
        var table = Table(["NAME", "OWNER", "MODE", "TOKEN", "LEFT", "NODES", "HELD"], right: [3, 4, 5])
        for lock in held.locks {
            table.add([
                "\(lock.name)", "\(lock.label ?? String(lock.owner.prefix(8)))", "\(lock.mode.rawValue)",
                "\(lock.token.map(\.description) ?? "-")",
                "\(lock.remaining.map { "\($0.milliseconds) ms" } ?? "for ever")",
                "\(lock.holdings.count)/\(held.nodes.count)",
                lock.isHeld ? Table.Cell("yes", .green) : Table.Cell("no majority", .yellow),
            ])
        }
        return table.lines(palette)
    }
}
