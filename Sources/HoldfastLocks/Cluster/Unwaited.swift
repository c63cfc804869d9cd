import HoldfastRedis

/// Asks nodes for something whose answers nobody waits for.
final class Unwaited: Asking {
    let nodes: [LockNode]

    init(_ nodes: [LockNode]) { self.nodes = nodes }

    func receive(_ reply: NodeReply, phase: Int, from node: Int) {}

    func stillWants(_ request: RoundRequest) -> Bool { true }

    func wasSent(_ request: RoundRequest, lateTo node: Int) {}
}
