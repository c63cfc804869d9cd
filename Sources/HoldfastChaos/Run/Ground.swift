import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime

/// The servers that a run stands on: its own, or some that it was given and has no power over.
struct Ground: Sendable {
    struct Node: Sendable {
        var name: String
        var url: String
        var host: String
        var port: Int
    }

    let nodes: [Node]
    let store: String
    /// What the run started itself.
    let cluster: LocalCluster?

    /// The lock nodes that may be killed and paused; empty when they are somebody else's.
    var members: [ClusterMember] { cluster?.nodes ?? [] }

    var nodeURLs: [String] { nodes.map(\.url) }

    /// Starts what is not given.
    static func lay(
        _ configuration: ClusterConfiguration, _ options: ChaosOptions, runtime: any Runtime
    ) async throws -> Ground {
        if let nodes = options.nodes, let store = options.store {
            return Ground(nodes: try given(nodes), store: store, cluster: nil)
        }
        let cluster = try await LocalCluster.start(configuration, runtime: runtime)
        do {
            return Ground(
                nodes: try options.nodes.map(given)
                    ?? cluster.nodes.map { Node(name: $0.name, url: $0.url, host: "127.0.0.1", port: $0.port) },
                store: options.store ?? cluster.storeURLs[0], cluster: cluster)
        } catch {
            await cluster.stop(grace: .seconds(2))
            throw error
        }
    }

    /// - Throws: ``ChaosError`` for nodes before which no link can stand.
    private static func given(_ urls: [String]) throws -> [Node] {
        try urls.enumerated().map { index, url in
            let configuration = try RedisConfiguration(url: url)
            guard !configuration.secure, case .tcp(let host, let port) = configuration.address else {
                throw ChaosError(
                    "node \(index + 1): links can be put before redis:// servers only, not before TLS or socket files",
                    isUsage: true)
            }
            return Node(name: "node-\(index + 1)", url: url, host: host, port: port)
        }
    }

    func stop() async { await cluster?.stop(grace: .seconds(2)) }
}
