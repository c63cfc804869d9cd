import HoldfastCluster
import Logging

/// Measures the hot paths on servers of its own, each beside the floor or the peer, in one run. For ratios: absolute
/// numbers are this machine's, which the servers share with the client.
///
/// Usage: holdfast-bench [--seconds S] [--rounds R] [--peers SCRIPT] [--job-peers SCRIPT] [--fsync always|never|off]
///            [redis|locks|failures|ledger|jobs …]
///        holdfast-bench soak [--cycles N] [--seed S]
@main
struct Main {
    static func main() async throws {
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = .warning
            return handler
        }
        var arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.first == "soak" { return try await SoakCommand(Array(arguments.dropFirst())).run() }
        let seconds = try number("--seconds", from: &arguments, in: 0.1...600) ?? 3
        let rounds = try number("--rounds", from: &arguments, in: 1...99) ?? 1
        let peers = try value("--peers", from: &arguments).map { Peers(script: PeerScript(path: $0)) }
        let jobPeers = try value("--job-peers", from: &arguments).map { JobPeers(script: PeerScript(path: $0)) }
        let fsync = try value("--fsync", from: &arguments).map(nodeFsync) ?? .never
        let known = ["redis", "locks", "failures", "ledger", "jobs"]
        guard arguments.allSatisfy(known.contains) else {
            throw Usage("unknown benchmark; choose from \(known.joined(separator: ", "))")
        }
        let chosen = arguments.isEmpty ? known : arguments
        let span = Duration.seconds(seconds)
        // No fsync by default: the disk would hide what the code costs.
        try await withTemporaryCluster(
            nodes: 5, stores: 1, nodeFsync: fsync.policy, storeFsync: .never, nodeSettings: fsync.settings
        ) { cluster in
            if chosen.contains("locks") {
                try await LockBenchmark(cluster: cluster, span: span, rounds: Int(rounds), peers: peers).run()
            }
            if chosen.contains("jobs") {
                try await JobBenchmark(cluster: cluster, span: span, rounds: Int(rounds), peers: jobPeers).run()
            }
            if Set(chosen).isSubset(of: ["locks", "jobs"]) { return }
            print(Row.heading)
            if chosen.contains("redis") { try await RedisBenchmark(cluster: cluster, span: span).run() }
            if chosen.contains("failures") { try await FailureBenchmark(cluster: cluster, span: span).run() }
            if chosen.contains("ledger") { try await LedgerBenchmark(cluster: cluster, span: span).run() }
        }
    }

    private static func nodeFsync(_ text: String) throws -> NodeFsync {
        guard let fsync = NodeFsync(rawValue: text) else {
            let choices = NodeFsync.allCases.map(\.rawValue).joined(separator: ", ")
            throw Usage("--fsync takes one of \(choices)")
        }
        return fsync
    }

    private static func value(_ option: String, from arguments: inout [String]) throws -> String? {
        guard let place = arguments.firstIndex(of: option) else { return nil }
        guard place + 1 < arguments.count else { throw Usage("\(option) takes a value") }
        defer { arguments.removeSubrange(place...(place + 1)) }
        return arguments[place + 1]
    }

    private static func number(
        _ option: String, from arguments: inout [String], in bounds: ClosedRange<Double>
    ) throws -> Double? {
        guard let text = try value(option, from: &arguments) else { return nil }
        guard let number = Double(text), bounds.contains(number) else {
            throw Usage("\(option) takes a number from \(bounds.lowerBound) to \(bounds.upperBound)")
        }
        return number
    }
}

struct Usage: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
