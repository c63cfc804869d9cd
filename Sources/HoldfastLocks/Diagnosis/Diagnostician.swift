import HoldfastRedis
import HoldfastRuntime

/// Puts what the nodes told together to a diagnosis. Pure: the same facts give the same findings.
struct Diagnostician {
    let facts: [NodeFacts]
    let configuration: LockClusterConfiguration
    let keys: LockKeys

    func diagnosis() -> Diagnosis {
        let cluster = shownCluster
        let voters = facts.filter { votes($0, cluster) }
        var findings: [Diagnosis.Finding] = []
        var verdicts: [AdmissionRule.Verdict?] = []
        var waits: [Duration?] = []
        for node in facts {
            var server = NodeChecks(node, nodeTimeout: configuration.nodeTimeout)
            server.run()
            var record = RecordChecks(
                node, keys: keys, cluster: cluster,
                otherHighs: voters.filter { $0.index != node.index }.compactMap { $0.record?.high })
            record.run()
            findings += server.findings.all + record.findings.all
            verdicts.append(record.verdict)
            waits.append(record.waits)
        }
        var together = ClusterChecks(facts, cluster: cluster, verdicts: verdicts, waits: waits)
        together.run()
        findings += together.findings.all
        return Diagnosis(
            nodes: facts.indices.map { summary($0, verdicts[$0], waits[$0]) }, findings: findings, cluster: cluster,
            majority: Quorum(nodes: facts.count).majority)
    }

    private var shownCluster: ClusterDescriptor? {
        let records = facts.compactMap { facts in facts.record.map { (index: facts.index, record: $0) } }
        return try? OperatorAdmission.descriptor(in: records, listed: facts.count).get()
    }

    private func votes(_ facts: NodeFacts, _ cluster: ClusterDescriptor?) -> Bool {
        guard let cluster, let record = facts.record, let server = facts.server else { return false }
        return AdmissionRule.votes(record, index: facts.index, runID: server.runID, in: cluster)
    }

    private func summary(_ place: Int, _ verdict: AdmissionRule.Verdict?, _ waits: Duration?) -> Diagnosis.Node {
        let facts = facts[place]
        var node = Diagnosis.Node(index: facts.index, server: facts.configuration.address.description)
        node.failure = facts.failure?.message
        node.version = facts.server?.version
        node.uptime = facts.server.map { max($0.uptime, .zero) }
        node.roundTrip = facts.roundTrips.min()
        node.clockAhead = facts.clock?.ahead
        node.votes = verdict == .voting
        node.waits = waits
        node.locks = facts.census?.locks ?? 0
        node.counters = facts.census?.counters ?? 0
        node.isCounted = facts.census?.isComplete ?? false
        node.floor = facts.record?.floor
        node.high = facts.record?.high
        node.standing =
            switch verdict {
            case nil, .voting?: nil
            case .admit?: "the next client admits it"
            case .notice?: "it is blank, and no client has noticed it yet"
            case .wait(let reason)?, .foreign(let reason)?: reason
            }
        return node
    }
}
