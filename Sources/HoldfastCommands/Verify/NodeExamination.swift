import HoldfastChaos
import HoldfastLocks
import HoldfastRedis

/// What must be known of servers before clients are let loose on them: servers that are no lock nodes, or not safe
/// ones, are not loaded.
struct NodeExamination {
    let nodes: [RedisConfiguration]
    let transport: any ByteTransport
    /// Goes on in spite of what may be a mistake.
    let force: Bool

    private var majority: Int { nodes.count / 2 + 1 }

    /// For our own locks.
    /// - Returns: What was found, in a few words.
    func asLockCluster() async throws -> String {
        let diagnosis = try await LockCluster.diagnose(
            LockClusterConfiguration(nodes: nodes), transport: transport)
        let errors = diagnosis.findings.filter { $0.severity == .error }
        try require(diagnosis.reachable, missing: errors.first?.what)
        guard diagnosis.voting >= diagnosis.majority else {
            throw CommandFailure(
                "these servers are no lock nodes that can vote: run 'holdfast cluster init' or "
                    + "'holdfast cluster doctor' on them first")
        }
        if let first = errors.first, !force {
            throw CommandFailure(
                "the examination found \(errors.count) errors, such as: \(first.what). "
                    + "See 'holdfast cluster doctor'; --force goes on nevertheless")
        }
        let report = await ServerSuspicion.examine(nodes, transport: transport)
        // Who does not answer, and who is whose, is the diagnosis' affair.
        try refuse(report.suspicions.filter { $0.kind == .foreignData })
        return "\(nodes.count) lock nodes, \(diagnosis.voting) vote"
    }

    /// For other libraries, whose nodes are any servers.
    /// - Returns: What was found, in a few words.
    func asServers() async throws -> String {
        let report = await ServerSuspicion.examine(nodes, transport: transport)
        try require(report.reachable, missing: report.suspicions.first?.sentence)
        try refuse(report.suspicions)
        return "\(nodes.count) servers, \(report.reachable) answer"
    }

    /// - Returns: What was found, in a few words.
    func ofStore(_ store: RedisConfiguration) async throws -> String {
        let examination = await StoreExamination.of(store, transport: transport)
        if let silence = examination.silence {
            throw CommandFailure("the store \(store) does not answer: \(silence)", code: .unavailable)
        }
        if let first = examination.doubts.first, !force {
            throw CommandFailure("the store \(store): \(first). Nothing was written; --force goes on nevertheless")
        }
        return "; values on a store of version \(examination.version)"
    }

    /// - Parameter reason: Why the first one does not answer.
    private func require(_ reachable: Int, missing reason: String?) throws(CommandFailure) {
        if reachable < majority {
            throw CommandFailure(
                "\(reachable) of \(nodes.count) lock nodes answer, \(majority) must"
                    + (reason.map { ": \($0)" } ?? ""), code: .unavailable)
        }
    }

    private func refuse(_ suspicions: [ServerSuspicion]) throws {
        guard let first = suspicions.first, !force else { return }
        let more = suspicions.count == 1 ? "" : " (and \(suspicions.count - 1) more)"
        throw CommandFailure(
            "\(first)\(more). Nothing was written; --force goes on nevertheless")
    }
}
