/// Which servers a local cluster has and where they keep their data.
public struct ClusterConfiguration: Sendable, Hashable {
    /// Independent lock nodes, 0...99; an odd number, usually five.
    public var nodes: Int
    /// Servers for data (jobs, ledgers), 0...9.
    public var stores: Int
    /// The directory of data, logs and state; created when missing, with access for its owner only.
    public var directory: String
    /// When a lock node's writes reach the disk. Anything but `always` lets a node forget what it promised.
    public var nodeFsync: AppendFsync = .always
    public var storeFsync: AppendFsync = .everySecond
    /// Settings on top of the standard ones, by member name (`node-1`, `store-1`).
    public var extraSettings: [String: [ServerSetting]] = [:]
    /// Environment variables on top of the starter's, by member name.
    public var environment: [String: [String: String]] = [:]
    /// How long a server may take until it answers, loading of its data included.
    public var startTimeout: Duration = .seconds(30)

    public init(nodes: Int = 5, stores: Int = 1, directory: String) {
        self.nodes = nodes
        self.stores = stores
        self.directory = directory
    }

    /// - Throws: `ClusterError.invalidConfiguration` with what is allowed.
    func validate() throws(ClusterError) {
        guard (0...99).contains(nodes), (0...9).contains(stores), nodes + stores > 0 else {
            throw .invalidConfiguration("a cluster has 0 to 99 nodes and 0 to 9 stores, and at least one of them")
        }
        guard !directory.isEmpty, !directory.utf8.contains(0), !directory.contains("\n") else {
            throw .invalidConfiguration("the cluster's directory needs a name on one line")
        }
        let names = Set(members.map(\.name))
        for name in Set(extraSettings.keys).union(environment.keys) where !names.contains(name) {
            throw .invalidConfiguration("there is no member '\(name)' to give settings to")
        }
    }

    /// The members by name and role, nodes first.
    var members: [(name: String, role: MemberRole)] {
        (0..<nodes).map { ("node-\($0 + 1)", .lockNode) } + (0..<stores).map { ("store-\($0 + 1)", .store) }
    }

    /// The settings of a member, its own on top.
    func settings(of name: String, role: MemberRole) -> [ServerSetting] {
        let standard =
            switch role {
            case .lockNode: ServerSetting.lockNode(fsync: nodeFsync)
            case .store: ServerSetting.store(fsync: storeFsync)
            }
        return standard + ServerSetting.local + (extraSettings[name] ?? [])
    }
}

/// What a member of a cluster is for.
public enum MemberRole: String, Sendable, Hashable, Codable {
    case lockNode = "node"
    case store
}

/// When the append-only file is forced to the disk: Redis' `appendfsync`.
public enum AppendFsync: String, Sendable, Hashable, Codable, CaseIterable {
    /// Before the reply: what was answered survives a power failure.
    case always
    /// Up to one second is lost in a power failure.
    case everySecond = "everysec"
    /// When the kernel likes.
    case never = "no"
}
