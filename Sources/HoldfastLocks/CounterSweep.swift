public import HoldfastRedis

/// What ``LockCluster/forgetIdle(_:olderThan:dryRun:transport:runtime:progress:)`` did, or would have done.
public struct CounterSweep: Sendable, Hashable {
    /// One node's counters.
    public struct Node: Sendable, Hashable {
        /// `host:port` or a socket's path.
        public var server: String
        /// Counters that were looked at; a scan may see one twice while the node's table grows.
        public var seen = 0
        /// Used within the time that was asked for.
        public var used = 0
        /// Small numbers, whose last use the server did not know until now: a later sweep judges them.
        public var unwatched = 0
        /// Not used for that long.
        public var idle = 0
        /// Dropped. In a dry run none.
        public var forgotten = 0
        /// Idle, but the lock is held.
        public var held = 0
        /// The node's floor afterwards; nil when it could not be asked.
        public var floor: Int64?
        /// Why the node was not swept to its end; nil when it was.
        public var failure: RedisError?
    }

    /// In the order of the configuration.
    public var nodes: [Node]

    /// Whether a majority of the nodes was swept to its end.
    public var sweptMajority: Bool { nodes.count { $0.failure == nil } >= Quorum(nodes: nodes.count).majority }
}
