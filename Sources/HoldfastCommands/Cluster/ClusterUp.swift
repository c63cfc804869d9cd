public import ArgumentParser
public import HoldfastCluster
import HoldfastLocks

struct ClusterUp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Start the servers and leave them running.",
        discussion: """
            Data and ports of an earlier run in the same directory are used again. On a running cluster, servers that \
            are down are started and the others are left alone.

            Examples:
              holdfast cluster up
              holdfast cluster up --nodes 3 --dir /var/lib/holdfast --json
            """)

    @Option(help: ArgumentHelp("How many lock nodes, an odd number.", valueName: "count"))
    var nodes = 5

    @Option(help: ArgumentHelp("How many stores.", valueName: "count"))
    var store = 1

    @OptionGroup var directory: ClusterDirectoryOption

    @Option(
        help: "When a node's writes reach the disk: always, everysec or no. Only 'always' survives a power failure.")
    var nodeFsync: AppendFsync = .always

    @Option(help: "The same of a store.")
    var storeFsync: AppendFsync = .everySecond

    @OptionGroup var output: OutputOptions

    func run() async throws {
        var configuration = ClusterConfiguration(nodes: nodes, stores: store, directory: directory.path)
        configuration.nodeFsync = nodeFsync
        configuration.storeFsync = storeFsync
        let cluster = try await LocalCluster.start(configuration, lifetime: .detached)
        if !cluster.nodes.isEmpty {
            // Idempotent: nodes that are a lock cluster already stay what they are.
            _ = try await LockCluster.initialize(LockClusterConfiguration(urls: cluster.nodeURLs))
        }
        let status = cluster.status
        if output.json { return try Output.standard.json(ClusterReport(status, adopted: cluster.adopted)) }
        if output.quiet { return }
        try status.write(to: .standard)
        let running = cluster.adopted.isEmpty ? "" : ", \(cluster.adopted.count) of them were running"
        try Output.standard.line(
            """

            \(status.members.count) servers\(running). Use them with --dir \(directory.path) or HOLDFAST_DIR, \
            stop them with 'holdfast cluster down --dir \(directory.path)'.
            """)
    }
}

extension AppendFsync: ExpressibleByArgument {}
