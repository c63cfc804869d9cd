import HoldfastRedis
import HoldfastRuntime

/// What to think of one node's record and keys in its cluster, as pure rules over what it told.
struct RecordChecks {
    let facts: NodeFacts
    let keys: LockKeys
    /// What most nodes show.
    let cluster: ClusterDescriptor?
    /// The high-water marks of the other nodes that vote.
    let otherHighs: [Int64]
    private(set) var findings: Findings
    /// How the admission rule judges it; nil when there is nothing to judge.
    private(set) var verdict: AdmissionRule.Verdict?

    init(_ facts: NodeFacts, keys: LockKeys, cluster: ClusterDescriptor?, otherHighs: [Int64]) {
        self.facts = facts
        self.keys = keys
        self.cluster = cluster
        self.otherHighs = otherHighs
        findings = Findings(node: facts.index)
    }

    private var key: String { "\(keys.prefix)node" }

    mutating func run() {
        guard facts.failure == nil else { return }
        record()
        admission()
        keysFound()
        scripts()
    }

    private mutating func record() {
        if let failure = facts.recordFailure {
            return findings.add(
                .error, .record, "its record \(key) cannot be read (\(failure.message))",
                why: "without it the node never votes",
                remedy: failure.serverPrefix == "WRONGTYPE"
                    ? "Something else uses this key: remove it, or give the lock cluster another prefix."
                    : "Allow this user the keys \(keys.prefix)* and the commands of hashes.",
                command: failure.serverPrefix == "WRONGTYPE" ? facts.shell("DEL \(key)") : nil)
        }
        if facts.isRecordDamaged {
            return findings.add(
                .error, .record, "its record \(key) is damaged", why: "the node never votes with it",
                remedy: "Remove it: the node is then blank, and is admitted like one that forgot.",
                command: facts.shell("DEL \(key)"))
        }
        guard let record = facts.record, let cluster else { return }
        guard let own = record.descriptor else {
            return findings.add(
                .warning, .record, "it is blank: it shows no cluster's record",
                why: "it may have forgotten leases and tokens", remedy: "Nothing, where it is admitted again by itself."
            )
        }
        let list = "List the nodes in the order in which the cluster was initialised, the same for all clients."
        if own.id != cluster.id {
            findings.add(
                .error, .record, "it belongs to the lock cluster \(own.id), not to \(cluster.id)",
                why: "a node that votes in two clusters would promise the same lock twice", remedy: list)
        } else if own.nodes != cluster.nodes {
            findings.add(
                .error, .record, "it was initialised for \(own.nodes) nodes, not \(cluster.nodes)",
                why: "two majorities of different clusters need not share a node", remedy: list)
        } else if record.index != facts.index {
            findings.add(
                .error, .record, "it is node \(record.index ?? -1) of the cluster, but listed as node \(facts.index)",
                why: "a node that is counted at another place could be counted twice", remedy: list)
        } else if own.maximumTTL != cluster.maximumTTL {
            findings.add(
                .error, .record,
                "its maximum TTL is \(own.maximumTTL.milliseconds) ms, the others' is "
                    + "\(cluster.maximumTTL.milliseconds) ms",
                why: "a lease longer than others believe outlives the wait of a node that forgot it",
                remedy: "Set it as the others have it.",
                command: facts.shell("HSET \(key) maximum_ttl \(cluster.maximumTTL.milliseconds)"))
        } else if record.floor > record.high || record.floor < 0 {
            findings.add(
                .error, .record, "its floor \(record.floor) is above its high-water mark \(record.high)",
                why: "somebody edited the record: another node could be admitted with too low a floor",
                remedy: "Raise the mark to the floor: an admission does.",
                command: "holdfast cluster admit --node \(facts.index) --floor \(record.floor)")
        } else {
            findings.ok(.record, "node \(facts.index) of \(own.nodes), floor \(record.floor), mark \(record.high)")
        }
    }

    private mutating func admission() {
        if let hazard = facts.evictionHazard {
            return findings.add(
                .error, .admission, "it would not be admitted after a restart: \(hazard)",
                why: "a node that evicts forgets", remedy: "See the finding about eviction.")
        }
        guard let record = facts.record, let server = facts.server, let cluster, !facts.isRecordDamaged else { return }
        let node = AdmissionRule.Node(
            record: record, index: facts.index, runID: server.runID, uptime: server.uptime,
            syncsEveryWrite: facts.syncsEveryWrite)
        let verdict = AdmissionRule.judge(node, cluster: cluster, otherHighs: otherHighs)
        self.verdict = verdict
        switch verdict {
        case .voting: findings.ok(.admission, "votes")
        case .foreign: break  // said of its record
        case .admit:
            findings.add(
                .warning, .admission, "does not vote yet, and may: the next client that looks at it admits it",
                why: "until then one node less carries the locks", remedy: "Nothing, if clients run.")
        case .notice:
            findings.add(
                .warning, .admission, "it is blank, and no client has noticed it yet",
                why: "its wait of \(AdmissionRule.neededMemory(in: cluster).roundedUpSeconds) s begins with that",
                remedy: "Nothing, if clients run.")
        case .wait(let reason):
            let left = waits.map { ", \($0.roundedUpSeconds) s from now" } ?? ""
            findings.add(
                .warning, .admission, reason + left, why: "it does not vote: one node less carries the locks",
                remedy: waits == nil ? "See the finding about the cluster's quorum." : "Wait.")
        }
    }

    /// How long it must wait; nil when it need not.
    var waits: Duration? {
        guard case .wait? = verdict, let cluster, let record = facts.record, let server = facts.server else {
            return nil
        }
        let node = AdmissionRule.Node(
            record: record, index: facts.index, runID: server.runID, uptime: server.uptime, syncsEveryWrite: false)
        guard let memory = AdmissionRule.memory(of: node) else { return nil }
        let needed = AdmissionRule.neededMemory(in: cluster)
        return memory > needed ? nil : needed - memory
    }

    private mutating func keysFound() {
        guard let census = facts.census else { return }
        let counted = "\(census.locks) locks kept, \(census.counters) counters" + (census.isComplete ? "" : " and more")
        if census.counters >= 100_000 {
            findings.add(
                .warning, .size, counted,
                why: "every name that was ever locked keeps a counter",
                remedy: "Drop those that nobody uses.", command: "holdfast locks forget --idle 7d")
        } else {
            findings.ok(.size, counted)
        }
        if census.odd.isEmpty { return findings.ok(.keys, "nothing else uses its keys") }
        let shown = census.odd.prefix(3).map { "\($0.key.printable) is \($0.what)" }.joined(separator: ", ")
        let more = census.odd.count > 3 ? ", and more" : ""
        findings.add(
            .error, .keys, shown + more,
            why: "Holdfast writes no such keys: their names cannot be locked, or their tokens may come again",
            remedy: "Find out who writes them, and remove them; never give a counter a TTL (PERSIST takes it away).")
    }

    private mutating func scripts() {
        if let failure = facts.scriptFailure {
            return findings.add(
                .error, .scripts, "refuses scripts (\(failure.message))", why: "every step of a lock is a script",
                remedy: "Allow this user EVAL, EVALSHA and SCRIPT LOAD.")
        }
        let denied = facts.denied.filter { $0 != "?" }
        if !denied.isEmpty {
            let rights = Array(Set(denied)).sorted().map { "+\($0.lowercased())" }.joined(separator: " ")
            let user = facts.configuration.username ?? "default"
            findings.add(
                .error, .scripts, "this user may not call \(Array(Set(denied)).sorted().joined(separator: ", "))",
                why: "the lock scripts need them, for all keys and channels that begin with \(keys.prefix)",
                remedy: "Allow them.",
                command: facts.shell("ACL SETUSER \(user) \(rights) '~\(keys.prefix)*' '&\(keys.prefix)released:*'"))
        } else if facts.denied.isEmpty {
            findings.ok(.scripts, "runs our scripts")
        }
    }
}

extension String {
    /// Without control characters, and not too long: keys come from anybody.
    fileprivate var printable: String {
        String(unicodeScalars.prefix(80).map { $0.value < 32 || $0.value == 127 ? "?" : Character($0) })
    }
}
