import HoldfastLocks
import HoldfastRuntime

/// A diagnosis as `--json` prints it.
struct DiagnosisReport: Encodable {
    struct Node: Encodable {
        var index: Int
        var server: String
        var failure: String?
        var version: String?
        var uptimeSeconds: Double?
        var roundTripSeconds: Double?
        var clockAheadSeconds: Double?
        var votes: Bool
        var standing: String?
        var waitsSeconds: Double?
        var locks: Int
        var counters: Int
        var counted: Bool
        var floor: Int64?
        var high: Int64?
    }
    struct Finding: Encodable {
        var check: Diagnosis.Check
        var severity: Diagnosis.Severity
        var node: Int?
        var what: String
        var why: String?
        var remedy: String?
        var command: String?
    }
    struct Cluster: Encodable {
        var id: String
        var nodes: Int
        var maximumTTLSeconds: Double
    }

    var severity: Diagnosis.Severity
    var cluster: Cluster?
    var majority: Int
    var reachable: Int
    var voting: Int
    var nodes: [Node]
    var findings: [Finding]

    init(_ diagnosis: Diagnosis, suffix: String) {
        severity = diagnosis.severity
        cluster = diagnosis.cluster.map {
            Cluster(id: $0.id, nodes: $0.nodes, maximumTTLSeconds: $0.maximumTTL.seconds)
        }
        majority = diagnosis.majority
        reachable = diagnosis.reachable
        voting = diagnosis.voting
        nodes = diagnosis.nodes.map {
            Node(
                index: $0.index, server: $0.server, failure: $0.failure, version: $0.version,
                uptimeSeconds: $0.uptime?.seconds, roundTripSeconds: $0.roundTrip?.seconds,
                clockAheadSeconds: $0.clockAhead?.seconds, votes: $0.votes, standing: $0.standing,
                waitsSeconds: $0.waits?.seconds, locks: $0.locks, counters: $0.counters, counted: $0.isCounted,
                floor: $0.floor, high: $0.high)
        }
        findings = diagnosis.findings.map {
            Finding(
                check: $0.check, severity: $0.severity, node: $0.node, what: $0.what,
                why: $0.why.isEmpty ? nil : $0.why, remedy: $0.remedy.isEmpty ? nil : $0.remedy,
                command: $0.fullCommand(suffix))
        }
    }
}

extension Diagnosis.Finding {
    /// The command, told where the nodes are.
    func fullCommand(_ suffix: String) -> String? {
        command.map { $0.hasPrefix("holdfast ") ? $0 + suffix : $0 }
    }
}
