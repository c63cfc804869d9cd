extension Diagnosis {
    /// What was looked at.
    public enum Check: String, Sendable, Hashable, Codable, CaseIterable {
        case reachable, latency, version, mode, role, replicas, ancestry, eviction, memory, persistence, disk, clock
        case record, admission, keys, size, scripts, access
        /// Of the cluster as a whole.
        case identity, quorum, descriptor, clocks, floors
    }

    /// One thing that was looked at, and what to think of it.
    public struct Finding: Sendable, Hashable {
        public var check: Check
        public var severity: Severity
        /// The node's place in the configuration; nil for the cluster as a whole.
        public var node: Int?
        /// What is so.
        public var what: String
        /// Why it matters; empty when all is well.
        public var why: String
        /// What to do; empty when nothing is to be done.
        public var remedy: String
        /// The command that does it, where there is one; a `holdfast` command still needs to be told the nodes.
        public var command: String?
    }

    /// What one node told.
    public struct Node: Sendable, Hashable {
        /// The node's place in the configuration.
        public var index: Int
        /// `host:port` or a socket's path.
        public var server: String
        /// Why it is no Redis server that answers us; nil when it is.
        public var failure: String?
        public var version: String?
        public var uptime: Duration?
        /// The quickest of several round trips.
        public var roundTrip: Duration?
        /// How far its clock is ahead of this machine's, give or take half a round trip.
        public var clockAhead: Duration?
        /// It is admitted, at its place in this cluster.
        public var votes = false
        /// Why it does not vote, in the words of the admission rule.
        public var standing: String?
        /// How long it must wait until it may be admitted; nil when it need not, or when that is not known.
        public var waits: Duration?
        /// Locks that are kept, of anybody, and counters of names; the counts of a part when `isCounted` is false.
        public var locks = 0
        public var counters = 0
        public var isCounted = false
        public var floor: Int64?
        public var high: Int64?
    }
}

/// The findings of one node, or of the cluster, as they come.
struct Findings {
    private(set) var all: [Diagnosis.Finding] = []
    let node: Int?

    mutating func ok(_ check: Diagnosis.Check, _ what: String) {
        all.append(.init(check: check, severity: .ok, node: node, what: what, why: "", remedy: "", command: nil))
    }

    mutating func add(
        _ severity: Diagnosis.Severity, _ check: Diagnosis.Check, _ what: String, why: String, remedy: String,
        command: String? = nil
    ) {
        all.append(
            .init(
                check: check, severity: severity, node: node, what: what, why: why, remedy: remedy, command: command))
    }
}
