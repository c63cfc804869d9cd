import NIOCore
import HoldfastRuntime
import NIOPosix

/// The links between every worker's place and every lock node.
final class Links: Sendable {
    private let group: MultiThreadedEventLoopGroup
    /// By worker's place, then by node.
    private let links: [[FaultyLink]]

    private init(_ group: MultiThreadedEventLoopGroup, _ links: [[FaultyLink]]) {
        self.group = group
        self.links = links
    }

    /// - Parameter nodes: The nodes' own ports.
    static func start(workers: Int, nodes: [Int], runtime: any Runtime) async throws -> Links {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var links: [[FaultyLink]] = []
        for _ in 0..<workers {
            var row: [FaultyLink] = []
            for node in nodes { row.append(try await FaultyLink.start(to: node, on: group, runtime: runtime)) }
            links.append(row)
        }
        return Links(group, links)
    }

    /// Where a worker finds the nodes.
    func urls(for worker: Int) -> [String] { links[worker].map { "redis://127.0.0.1:\($0.port)" } }

    func link(_ link: FaultPlan.Link) -> FaultyLink { links[link.worker][link.node] }

    func close() async {
        for link in links.joined() { await link.close() }
        try? await group.shutdownGracefully()
    }
}
