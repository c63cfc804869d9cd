import HoldfastRuntime

/// What all nodes and all clients of a lock cluster agree on.
public struct ClusterDescriptor: Sendable, Hashable {
    /// 32 hexadecimal digits, drawn when the cluster was initialised.
    public var id: String
    public var nodes: Int
    /// No lease is longer. A node that may have forgotten waits as long before it votes again.
    public var maximumTTL: Duration
}
