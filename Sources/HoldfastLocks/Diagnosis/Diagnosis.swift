/// The state of a lock cluster, as ``LockCluster/diagnose(_:transport:runtime:)`` found it.
public struct Diagnosis: Sendable, Hashable {
    public enum Severity: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
        case ok
        /// Locks work and are safe, but less well or less long than they could.
        case warning
        /// Locks do not work, or promises may be broken.
        case error

        public static func < (left: Severity, right: Severity) -> Bool {
            let order = allCases
            return order.firstIndex(of: left)! < order.firstIndex(of: right)!  // every case is among all cases
        }
    }

    /// In the order of the configuration.
    public var nodes: [Node]
    /// Of the nodes in their order, and then of the cluster.
    public var findings: [Finding]
    /// What most of the nodes' records say; nil when none shows one.
    public var cluster: ClusterDescriptor?
    /// How many nodes are needed for a lock.
    public var majority: Int

    /// That of the worst finding.
    public var severity: Severity { findings.map(\.severity).max() ?? .ok }
    /// How many nodes answered as Redis servers.
    public var reachable: Int { nodes.count { $0.failure == nil } }
    /// How many nodes vote now.
    public var voting: Int { nodes.count(where: \.votes) }
}
