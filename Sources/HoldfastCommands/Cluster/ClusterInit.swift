import ArgumentParser
import HoldfastLocks
import HoldfastRuntime

struct ClusterInit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make blank Redis servers a lock cluster.",
        discussion: """
            Needs every node once; afterwards a majority is enough. On an initialised cluster it changes nothing, so \
            it may stand in a start script. 'holdfast cluster up' does it for the servers that it starts.

            Examples:
              holdfast cluster init --nodes redis://a,redis://b,redis://c,redis://d,redis://e
              holdfast cluster init --dir ./cluster --maximum-ttl 300 --json
            """)

    @Option(
        help: ArgumentHelp(
            "No lease will be longer, and a node that may have forgotten leases waits as long before it votes again.",
            valueName: "seconds"))
    var maximumTtl = 60

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    private struct Report: Encodable {
        var cluster: String
        var nodes: Int
        var maximumTTLSeconds: Double
    }

    func run() async throws {
        let configuration = LockClusterConfiguration(nodes: try connection.nodeConfigurations())
        let cluster = try await LockCluster.initialize(
            configuration, maximumTTL: .seconds(maximumTtl),
            transport: try connection.transport(to: configuration.nodes))
        if output.json {
            let report = Report(
                cluster: cluster.id, nodes: cluster.nodes, maximumTTLSeconds: cluster.maximumTTL.seconds)
            return try Output.standard.json(report)
        }
        try output.remark(
            "Lock cluster \(cluster.id): \(cluster.nodes) nodes, leases of \(cluster.maximumTTL.seconds) s at most.")
    }
}
