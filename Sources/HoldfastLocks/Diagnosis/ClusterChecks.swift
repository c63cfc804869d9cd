import HoldfastRedis
import HoldfastRuntime

/// What to think of the cluster that the nodes make, as pure rules over what they told.
struct ClusterChecks {
    let facts: [NodeFacts]
    let cluster: ClusterDescriptor?
    let verdicts: [AdmissionRule.Verdict?]
    let waits: [Duration?]
    private(set) var findings = Findings(node: nil)

    init(_ facts: [NodeFacts], cluster: ClusterDescriptor?, verdicts: [AdmissionRule.Verdict?], waits: [Duration?]) {
        self.facts = facts
        self.cluster = cluster
        self.verdicts = verdicts
        self.waits = waits
    }

    private var majority: Int { Quorum(nodes: facts.count).majority }

    mutating func run() {
        identity()
        size()
        descriptor()
        quorum()
        clocks()
        floors()
    }

    private mutating func identity() {
        let groups = Dictionary(grouping: facts.filter { $0.server != nil }) { $0.server?.runID ?? "" }
        let twins = groups.values.filter { $0.count > 1 }.sorted { $0[0].index < $1[0].index }
        if twins.isEmpty { return findings.ok(.identity, "every listed node is a server of its own") }
        for group in twins {
            let names = group.map { "\($0.index)" }.joined(separator: " and ")
            findings.add(
                .error, .identity, "nodes \(names) are the same server",
                why: "a server that is counted twice makes a majority of too few",
                remedy: "List every server once, under one name.")
        }
    }

    private mutating func size() {
        let count = facts.count
        if count == 1 {
            findings.add(
                .warning, .quorum, "a single node", why: "it tolerates no failure: for development only",
                remedy: "Use three or five independent servers.")
        } else if count % 2 == 0 {
            findings.add(
                .warning, .quorum, "\(count) nodes, an even number",
                why: "\(majority) of them must vote: \(count - 1) nodes tolerate as many failures",
                remedy: "Use an odd number; a new number needs a new cluster.")
        }
    }

    private mutating func descriptor() {
        guard let cluster else {
            guard facts.contains(where: { $0.record != nil }) else { return }
            let told = facts.compactMap { facts in
                facts.record?.descriptor.map { own in
                    "node \(facts.index) is node \(facts.record?.index ?? -1) of \(own.nodes) of \(own.id)"
                }
            }
            if !told.isEmpty {
                return findings.add(
                    .error, .descriptor, "the nodes disagree about their cluster: \(told.joined(separator: ", "))",
                    why: "clients believe what a majority of the listed nodes shows",
                    remedy: "List exactly the nodes of one cluster, in the order in which it was initialised.")
            }
            return findings.add(
                .error, .descriptor, "no node shows the record of a cluster of \(facts.count)",
                why: "blank servers are no lock cluster",
                remedy: "If these servers were never used, initialise them. If they were, their data are lost: "
                    + "initialise them, and before any client begins raise the floor of a majority of the nodes with "
                    + "'holdfast cluster admit --node N --floor-from-clock', or tokens come a second time.",
                command: "holdfast cluster init")
        }
        let shown = facts.count { $0.record?.descriptor == cluster && $0.record?.index == $0.index }
        let what = "\(shown) of \(facts.count) nodes show the record of cluster \(cluster.id)"
        if shown >= majority { return findings.ok(.descriptor, what) }
        findings.add(
            .error, .descriptor, what, why: "clients believe a majority, \(majority), only",
            remedy: "Bring nodes back that have their data, or have the others admitted: see the quorum.")
    }

    /// Who votes; and where no majority does, and none will by itself, whom the operator has to admit.
    private mutating func quorum() {
        let answering = facts.count { $0.failure == nil }
        let voting = verdicts.count { $0 == .voting }
        let what = "\(voting) of \(facts.count) nodes vote, \(majority) are needed"
        if voting >= majority {
            if voting == majority, facts.count > 1 {
                return findings.add(
                    .warning, .quorum, what, why: "the next loss stops every lock",
                    remedy: "Bring the others back; see what is said of them.")
            }
            return findings.ok(.quorum, what)
        }
        if answering < majority {
            return findings.add(
                .error, .quorum, what + ", \(answering) answer", why: "no lock can be acquired or renewed",
                remedy: "Bring nodes back, best with their data.")
        }
        guard cluster != nil else { return }
        let soon = verdicts.count { if case .admit? = $0 { true } else { false } }
        let shown = facts.count { $0.record?.descriptor == cluster && $0.record?.index == $0.index }
        if voting + soon >= majority, shown >= majority {
            return findings.add(
                .warning, .quorum, what, why: "the next client admits \(soon) more",
                remedy: "Nothing: run any command, such as 'holdfast lock check -- true'.")
        }
        let missing = max(majority - voting - soon, majority - shown)
        let candidates = facts.indices.filter { place in
            switch verdicts[place] {
            case .wait?, .notice?: true
            default: false
            }
        }.sorted { (waits[$0] ?? .zero, $0) < (waits[$1] ?? .zero, $1) }
        guard candidates.count >= missing else {
            return findings.add(
                .error, .quorum, what, why: "no lock can be acquired or renewed",
                remedy: "Bring nodes back, or mend those that are told of above.")
        }
        let away = facts.count - answering
        for place in candidates.prefix(missing) {
            let wait = waits[place].map { " --wait \($0.roundedUpSeconds + 1)s" } ?? ""
            findings.add(
                .error, .quorum, what + ": too few are left to admit the others by themselves",
                why: "no lock can be acquired or renewed",
                remedy: (away > 0 ? "Bring back the \(away) that do not answer first, if they have their data. " : "")
                    + "Admit node \(place) with a floor above every token that was ever issued; the clock gives one.",
                command: "holdfast cluster admit --node \(place) --floor-from-clock\(wait)")
        }
    }

    private mutating func clocks() {
        let clocks = facts.compactMap { facts in facts.clock.map { (facts.index, $0) } }
        guard let earliest = clocks.min(by: { $0.1.ahead < $1.1.ahead }),
            let latest = clocks.max(by: { $0.1.ahead < $1.1.ahead }), clocks.count > 1
        else { return }
        let spread = latest.1.ahead - earliest.1.ahead
        let certain = spread - earliest.1.uncertainty - latest.1.uncertainty
        let what =
            "the nodes' clocks are within \(max(spread, .zero).milliseconds) ms, give or take "
            + "\((earliest.1.uncertainty + latest.1.uncertainty).milliseconds + 1) ms"
        if certain > .seconds(1) {
            findings.add(
                .warning, .clocks,
                "the clock of node \(latest.0) is \(spread.milliseconds) ms ahead of node \(earliest.0)'s",
                why: "locks need no common time, but clocks that are corrected in a step end leases early, and a floor "
                    + "from a clock that is behind may be too low",
                remedy: "Run NTP on every machine (chronyc tracking shows its state).")
        } else {
            findings.ok(.clocks, what)
        }
    }

    private mutating func floors() {
        let voters = facts.indices.filter { verdicts[$0] == .voting }.compactMap { facts[$0].record }
        guard let low = voters.map(\.floor).min(), let high = voters.map(\.floor).max() else { return }
        findings.ok(
            .floors,
            low == high
                ? "all voting nodes have the floor \(high)"
                : "floors from \(low) to \(high): a new name takes a second round until 'holdfast locks forget' levels "
                    + "them")
    }
}
