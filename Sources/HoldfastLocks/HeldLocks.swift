public import HoldfastRedis

/// The locks that a cluster's nodes keep, read one node after another's answer: a moment's picture, not a snapshot.
public struct HeldLocks: Sendable {
    /// What became of asking one node.
    public struct Node: Sendable, Hashable {
        /// `host:port` or a socket's path.
        public var server: String
        /// Why it told nothing; nil when it answered.
        public var failure: RedisError?
    }

    /// In the order of their names; several for a name when nodes keep it for several owners.
    public var locks: [HeldLock]
    /// In the order of the configuration.
    public var nodes: [Node]
    /// False when there are more names than were asked for.
    public var isComplete: Bool

    /// Whether enough nodes answered to see every lock that is held.
    public var sawMajority: Bool { nodes.count { $0.failure == nil } >= Quorum(nodes: nodes.count).majority }
}
