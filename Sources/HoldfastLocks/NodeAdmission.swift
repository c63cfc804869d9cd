/// A lock node that an operator has admitted.
public struct NodeAdmission: Sendable, Hashable {
    /// The node's place in the configuration.
    public var node: Int
    /// `host:port` or a socket's path.
    public var server: String
    public var cluster: ClusterDescriptor
    /// The node issues tokens above it only.
    public var floor: Int64
    /// It voted before; at most its floor was raised.
    public var votedBefore: Bool
    /// How many of the nodes that answer vote, this one included, or will as soon as a client looks at them.
    public var voting: Int
    /// How many are needed.
    public var majority: Int
}
