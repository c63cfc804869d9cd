import Foundation
import HoldfastCluster
import HoldfastLocks
import HoldfastMeasurement
import HoldfastRedis
import HoldfastRuntime

/// What a silent minority costs: acquisitions with all five nodes, and with one and two of them stopped (SIGSTOP), in
/// turns, so that all conditions see the same machine. Other nodes are stopped in each turn. Measured while nobody has
/// noticed their silence, and after the client has.
struct FailureBenchmark {
    private static let turns = 5

    let cluster: LocalCluster
    /// Of each condition, over all turns.
    let span: Duration

    func run() async throws {
        var configuration = try LockClusterConfiguration(urls: cluster.nodeURLs)
        _ = try await LockCluster.initialize(configuration)
        try await compare("noticed", configuration, waitsUntilNoticed: true)
        for node in configuration.nodes.indices { configuration.nodes[node].commandTimeout = .seconds(600) }
        try await compare("unnoticed", configuration, waitsUntilNoticed: false)
        configuration.asks = .majority
        try await compare("unnoticed, a majority asked", configuration, waitsUntilNoticed: false)
    }

    private func compare(
        _ condition: String, _ configuration: LockClusterConfiguration, waitsUntilNoticed: Bool
    ) async throws {
        let locks = try await LockCluster.connect(configuration)
        try await wait { locks.votingNodes == 5 }
        var runs = Array(repeating: Throughput(operations: 0, elapsed: .zero), count: 3)
        for turn in 0..<Self.turns {
            for silent in 0...2 {
                let stopped = (0..<silent).map { cluster.nodes[(turn + 2 * $0) % 5] }
                for node in stopped { await node.pause() }
                if waitsUntilNoticed {
                    // An answer must be due for a silence to be noticed.
                    await locks.release(try await locks.acquire(LockName("failures")))
                    try await wait { locks.votingNodes == 5 - silent }
                }
                try await measure(locks, &runs[silent])
                for node in stopped { node.resume() }
                try await wait { locks.votingNodes == 5 }
            }
        }
        await locks.close()
        let healthy = runs[0].latencies.percentile(50) ?? .zero
        for (silent, run) in runs.enumerated() {
            print(
                Row.of(silent == 0 ? "acquire, all answer" : "acquire, \(silent) silent, \(condition)", run, callers: 1)
            )
            let median = run.latencies.percentile(50) ?? .zero
            print("  p50 of all answering: \(String(format: "%.2f", median.seconds / healthy.seconds))")
        }
    }

    /// Only acquisitions are timed. Where nodes are silent, a release too is over when a majority has answered.
    private func measure(_ locks: LockCluster, _ run: inout Throughput) async throws {
        let runtime = LiveRuntime()
        let start = runtime.now
        let deadline = start.advanced(by: span / Self.turns)
        var before = start
        while before < deadline {
            let lease = try await locks.acquire(LockName("failures"))
            run.latencies.record(before.duration(to: runtime.now))
            await locks.release(lease)
            run.operations += 1
            before = runtime.now
        }
        run.elapsed += start.duration(to: before)
    }

    private func wait(until condition: () -> Bool) async throws {
        while !condition() { try await LiveRuntime().sleep(for: .milliseconds(5)) }
    }
}
