import Foundation
import HoldfastRuntime
import NIOCore
import NIOPosix

/// The links between every worker's place and every lock node.
final class Links: Sendable {
    private let group: MultiThreadedEventLoopGroup
    /// By worker's place, then by node.
    private let links: [[FaultyLink]]
    private let nodes: [Ground.Node]

    private init(_ group: MultiThreadedEventLoopGroup, _ links: [[FaultyLink]], _ nodes: [Ground.Node]) {
        self.group = group
        self.links = links
        self.nodes = nodes
    }

    static func start(workers: Int, nodes: [Ground.Node], runtime: any Runtime) async throws -> Links {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var links: [[FaultyLink]] = []
        for _ in 0..<workers {
            var row: [FaultyLink] = []
            for node in nodes {
                row.append(try await FaultyLink.start(to: node.host, node.port, on: group, runtime: runtime))
            }
            links.append(row)
        }
        return Links(group, links, nodes)
    }

    /// Where a worker finds the nodes.
    func urls(for worker: Int) -> [String] {
        zip(links[worker], nodes).map { link, node in
            // Passwords and databases stay as they are.
            var parts = URLComponents(string: node.url)
            parts?.host = "127.0.0.1"
            parts?.port = link.port
            return parts?.string ?? "redis://127.0.0.1:\(link.port)"
        }
    }

    func link(_ link: FaultPlan.Link) -> FaultyLink { links[link.worker][link.node] }

    func close() async {
        for link in links.joined() { await link.close() }
        try? await group.shutdownGracefully()
    }
}
