/// What is known of a member now.
public struct MemberStatus: Sendable, Hashable, Codable {
    public enum State: String, Sendable, Hashable, Codable {
        case running
        /// Suspended by SIGSTOP.
        case paused
        case down
    }

    public var name: String
    public var role: MemberRole
    public var url: String
    public var port: Int
    /// Nil while it is down.
    public var pid: Int32?
    public var state: State
}

/// What is known of a cluster now.
public struct ClusterStatus: Sendable, Hashable, Codable {
    public var directory: String
    public var lifetime: ClusterLifetime
    public var members: [MemberStatus]

    public var isAllRunning: Bool { members.allSatisfy { $0.state == .running } }

    /// The endpoints of the lock nodes, in order.
    public var nodeURLs: [String] { members.filter { $0.role == .lockNode }.map(\.url) }
    /// The endpoints of the stores, in order.
    public var storeURLs: [String] { members.filter { $0.role == .store }.map(\.url) }
}
