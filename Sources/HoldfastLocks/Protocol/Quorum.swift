/// The size of a cluster and of its majorities: always of the configured nodes, never of the reachable ones.
struct Quorum: Sendable, Hashable {
    let nodes: Int

    /// - Precondition: at least one node.
    init(nodes: Int) {
        precondition(nodes > 0, "a cluster has at least one node")
        self.nodes = nodes
    }

    /// Any two sets of this many nodes share a node. An even cluster tolerates no more losses than one node less.
    var majority: Int { nodes / 2 + 1 }

    /// With more refusals than this no majority is left.
    var tolerated: Int { nodes - majority }
}
