import HoldfastRuntime

/// Whether an incarnation of a node may vote, as a pure rule.
///
/// A node that restarts may have forgotten grants that a slow attempt still counts, and tokens that were issued. It
/// votes again when its data is proven whole, or when (1) it has been up longer than any attempt can last, and (2) its
/// floor is raised above every token that it could have helped to issue: tokens were stored by a majority, which
/// shares a node with any majority of the *other* nodes.
enum AdmissionRule {
    enum Verdict: Sendable, Equatable {
        case voting
        case admit(floor: Int64)
        /// It is blank, and nobody has noted since when.
        case notice
        case wait(String)
        case foreign(String)
    }

    struct Node: Sendable {
        var record: NodeRecord
        var index: Int
        var runID: String
        var uptime: Duration
        /// Whether the server now syncs every write before it answers.
        var syncsEveryWrite: Bool
    }

    /// Whether a record makes its node one of the cluster's voters. The place counts too: a server that is listed twice
    /// is one voter.
    static func votes(_ record: NodeRecord, index: Int, runID: String, in cluster: ClusterDescriptor) -> Bool {
        record.admitted == runID && record.descriptor == cluster && record.index == index
    }

    /// For how long the node has certainly forgotten nothing; nil when it is blank and nobody noted since when.
    static func memory(of node: Node) -> Duration? {
        guard node.record.descriptor == nil else { return node.uptime }
        // What a blank node has forgotten, it may have forgotten a moment ago: FLUSHALL leaves the uptime as it is.
        guard let blank = node.record.blank, blank.runID == node.runID else { return nil }
        return node.uptime - blank.since
    }

    /// How much of it is more than any attempt can last. Uptime counts whole seconds; clocks may differ by a percent.
    static func neededMemory(in cluster: ClusterDescriptor) -> Duration {
        cluster.maximumTTL + cluster.maximumTTL / 100 + .seconds(1)
    }

    /// - Parameter otherHighs: The high-water marks of the other nodes whose connected incarnation is admitted.
    static func judge(_ node: Node, cluster: ClusterDescriptor, otherHighs: [Int64]) -> Verdict {
        let record = node.record
        if let descriptor = record.descriptor {
            if descriptor.id != cluster.id { return .foreign("it belongs to the lock cluster \(descriptor.id)") }
            if descriptor != cluster { return .foreign("it was initialised for \(descriptor.nodes) nodes") }
            if record.index != node.index {
                return .foreign("it is node \(record.index ?? -1) of the cluster, but listed as node \(node.index)")
            }
            if record.admitted == node.runID { return .voting }
        }
        let majority = Quorum(nodes: cluster.nodes).majority
        let floor = otherHighs.count >= majority ? otherHighs.max() ?? 0 : nil
        // Every acknowledged write was on disk, then and now: nothing was forgotten. The copy is a second defence, and
        // so is the node's own mark, should a counter have been evicted while nobody looked.
        if record.admitted != nil, record.durable, node.syncsEveryWrite {
            return .admit(floor: max(floor ?? 0, record.high))
        }
        // Written by init in this very incarnation, which never voted: nothing could be forgotten.
        if record.admitted == nil, record.prepared == node.runID { return .admit(floor: floor ?? 0) }
        guard let remembers = memory(of: node) else { return .notice }
        let needed = neededMemory(in: cluster)
        guard remembers > needed else {
            return .wait("it may have forgotten leases: it waits until it has forgotten nothing for \(needed)")
        }
        guard let floor else {
            return .wait(
                "it may have forgotten tokens, and only \(otherHighs.count) of \(majority) other admitted nodes "
                    + "answer: 'holdfast cluster doctor' says what to do")
        }
        return .admit(floor: floor)
    }
}
