import Foundation
import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import LockSoak
import Testing

@testable import HoldfastLocks

/// A short soak: many cycles with failures among them leave nothing behind. The long one is `make soak`.
@Suite(.serialized) struct SoakTests {
    private func soak(
        _ cycles: Int, asks: LockClusterConfiguration.Asking = .all, patience: Duration = .seconds(30),
        beforeTheEnd: @escaping @Sendable (LockCluster) async throws -> Void = { _ in }
    ) async throws -> SoakReport {
        try await withTemporaryCluster(nodes: 5, stores: 0, nodeFsync: .never) { cluster in
            var configuration = SoakConfiguration()
            configuration.cycles = cycles
            configuration.asks = asks
            configuration.patience = patience
            configuration.resets = 10
            // An unoptimised process of tests: sanity only.
            configuration.growthLimit = 256 << 20
            return try await Soak(configuration, on: cluster).run(beforeTheEnd: beforeTheEnd)
        }
    }

    @Test(.timeLimit(.minutes(5)), arguments: LockClusterConfiguration.Asking.allCases)
    func manyCyclesLeaveNothingBehind(_ asks: LockClusterConfiguration.Asking) async throws {
        let report = try await soak(4000, asks: asks)
        #expect(report.leaks == [], "\(report.lines)")
        #expect(report.cycles == 4000 && report.resets == 10)
        for outcome in [
            "alone, done", "contended, held", "waiting, done", "cancelled, cancelled", "scoped, done", "lost, done",
            "stolen, lost",
        ] {
            #expect(report.outcomes[outcome, default: 0] > 0, "\(outcome) did not happen: \(report.lines)")
        }
    }

    /// What it looks for is found when it is there.
    @Test(.timeLimit(.minutes(2))) func plantedLeaksAreFound() async throws {
        let (forever, end) = AsyncStream.makeStream(of: Void.self)
        let report = try await soak(1000, patience: .milliseconds(500)) { locks in
            // A name of its own: what a lost connection took along of the others may still hold them.
            _ = try await locks.acquire(LockName("planted"), ttl: .seconds(2))
            for node in locks.nodes { try await node.client.send(RedisCommand("SET", "a stranger", "x")) }
            let listener = locks.releases.subscribers[0].messages(on: "a channel")
            _ = locks.nodes[0].client.strand.schedule(after: .seconds(3600)) {}
            let strays = [Pipe(), Pipe()]
            Task {
                defer { withExtendedLifetime(strays) {} }
                for await _ in forever {}
                for await _ in listener {}
            }
        }
        for word in ["keys", "channels", "task", "timers", "descriptors"] {
            #expect(report.leaks.contains { $0.contains(word) }, "\(word): \(report.leaks)")
        }
        end.finish()
    }
}
