public import ArgumentParser
import Glibc
import HoldfastCluster
public import HoldfastLocks
import LockSoak

struct SoakCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak", abstract: "Lock cycles by the million, and a search for what they left behind.",
        discussion: "Exit status: 0 nothing leaked, 1 something did.")

    @Option(help: ArgumentHelp("How many cycles, 1000 to 1000000000.", valueName: "count"))
    var cycles = SoakConfiguration().cycles

    @Option(help: ArgumentHelp("What the order of events is drawn from.", valueName: "number"))
    var seed = SoakConfiguration().seed

    @Option(help: "Whom the clients ask first: all nodes, or a majority.")
    var ask = LockClusterConfiguration.Asking.all

    func validate() throws {
        guard (1000...1_000_000_000).contains(cycles) else {
            throw ValidationError("--cycles is from 1000 to 1000000000.")
        }
    }

    func run() async throws {
        var configuration = SoakConfiguration()
        configuration.cycles = cycles
        configuration.seed = seed
        configuration.asks = ask
        let report = try await withTemporaryCluster(nodes: 5, stores: 0, nodeFsync: .never) { [configuration] cluster in
            try await Soak(configuration, on: cluster).run(progress: {
                print($0)
                fflush(nil)
            })
        }
        print(report.lines.joined(separator: "\n"))
        if !report.leaks.isEmpty { throw ExitCode(1) }
    }
}

extension LockClusterConfiguration.Asking: ExpressibleByArgument {}
