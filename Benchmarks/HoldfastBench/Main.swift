import HoldfastCluster
import Logging

/// Measures the hot paths on servers of its own, each beside the floor or the peer, in one run. For ratios: absolute
/// numbers are this machine's, which the servers share with the client.
///
/// Usage: holdfast-bench [--seconds S] [redis|locks|ledger|jobs …]
@main
struct Main {
    static func main() async throws {
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = .warning
            return handler
        }
        var arguments = Array(CommandLine.arguments.dropFirst())
        var seconds = 3.0
        if let place = arguments.firstIndex(of: "--seconds") {
            guard place + 1 < arguments.count, let value = Double(arguments[place + 1]), (0.1...600).contains(value)
            else { throw Usage("--seconds takes a number from 0.1 to 600") }
            seconds = value
            arguments.removeSubrange(place...(place + 1))
        }
        let known = ["redis", "locks", "ledger", "jobs"]
        guard arguments.allSatisfy(known.contains) else {
            throw Usage("unknown benchmark; choose from \(known.joined(separator: ", "))")
        }
        let chosen = arguments.isEmpty ? known : arguments
        // No fsync: the disk would hide what the code costs. Durability has its price in every client alike.
        try await withTemporaryCluster(nodes: 5, stores: 1, nodeFsync: .never, storeFsync: .never) { cluster in
            print(Measurement.heading)
            if chosen.contains("redis") { try await RedisBenchmark(cluster: cluster, seconds: seconds).run() }
            if chosen.contains("locks") { try await LockBenchmark(cluster: cluster, seconds: seconds).run() }
            if chosen.contains("ledger") { try await LedgerBenchmark(cluster: cluster, seconds: seconds).run() }
            if chosen.contains("jobs") { try await JobBenchmark(cluster: cluster, seconds: seconds).run() }
        }
    }
}

struct Usage: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
