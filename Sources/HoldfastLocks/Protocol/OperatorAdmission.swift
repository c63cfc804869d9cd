import HoldfastRuntime

/// Whether a node may be admitted on an operator's word, as a pure rule.
///
/// The operator's number replaces one thing only: the other nodes' majority, which would tell the largest token. That
/// the node has remembered for longer than the maximum TTL is required as ever: otherwise an attempt that counts on
/// what the node forgot could succeed beside another.
enum OperatorAdmission {
    enum Verdict: Sendable, Equatable {
        case admit(floor: Int64)
        /// It is blank, and nobody has noted since when.
        case notice
        case tooEarly(Duration)
        case refused(String)
    }

    /// - Parameters:
    ///   - highs: The high-water marks of every node of the cluster that answers, the node itself included.
    ///   - otherHighs: Those of the other nodes that may vote.
    ///   - floor: The operator's number; nil when he gave none.
    static func judge(
        _ node: AdmissionRule.Node, cluster: ClusterDescriptor, highs: [Int64], otherHighs: [Int64], floor: Int64?
    ) -> Verdict {
        let lowest = max(floor ?? 0, highs.max() ?? 0)
        switch AdmissionRule.judge(node, cluster: cluster, otherHighs: otherHighs) {
        case .foreign(let reason): return .refused("\(reason); list the nodes as they were initialised")
        case .voting: return .admit(floor: floor == nil ? 0 : lowest)
        case .admit(let ordinary): return .admit(floor: max(ordinary, lowest))
        case .notice: return .notice
        case .wait:
            let needed = AdmissionRule.neededMemory(in: cluster)
            let remembers = AdmissionRule.memory(of: node) ?? .zero
            guard remembers > needed else { return .tooEarly(needed - remembers) }
            guard floor != nil else {
                return .refused(
                    "it may have forgotten tokens, and only \(otherHighs.count) other admitted nodes answer: bring "
                        + "more back, or give a floor above every token that was issued")
            }
            return .admit(floor: lowest)
        }
    }

    /// The cluster that most of the nodes' records tell of: of those at their place, one is enough. A refusal when
    /// there is none, or no such cluster.
    static func descriptor(
        in records: [(index: Int, record: NodeRecord)], listed: Int
    ) -> Result<ClusterDescriptor, Refusal> {
        var counts: [ClusterDescriptor: Int] = [:]
        for (index, record) in records where record.index == index {
            if let descriptor = record.descriptor, descriptor.nodes == listed { counts[descriptor, default: 0] += 1 }
        }
        guard let best = counts.max(by: { $0.value < $1.value }) else {
            return .failure(
                Refusal(
                    sentence:
                        "no listed node that answers shows the record of a cluster of \(listed): list the nodes in "
                        + "the order in which they were initialised, or make a new cluster with 'holdfast cluster init'"
                ))
        }
        guard counts.count(where: { $0.value == best.value }) == 1 else {
            let ids = counts.keys.map(\.id).sorted().joined(separator: ", ")
            return .failure(Refusal(sentence: "the listed nodes belong to different clusters: \(ids)"))
        }
        return .success(best.key)
    }

    struct Refusal: Error, Equatable {
        var sentence: String
    }
}
