import CoreMetrics
import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import InMemoryTracing
import MetricsTestKit
import Testing
import Tracing

@testable import HoldfastLocks

/// What metrics and traces tell of real locks.
@Suite(.serialized) struct TelemetryTests {
    private let name: LockName

    init() throws { name = try LockName("watched") }

    private func withWatchedLocks(
        _ body: (LocalCluster, LockCluster, TestMetrics, InMemoryTracer) async throws -> Void
    ) async throws {
        try await withTemporaryCluster(nodes: 3, stores: 0) { cluster in
            let configuration = try LockClusterConfiguration(urls: cluster.nodeURLs)
            _ = try await LockCluster.initialize(configuration)
            let metrics = TestMetrics()
            let tracer = InMemoryTracer()
            let locks = try await LockCluster.connect(
                configuration, patience: .seconds(20), telemetry: LockTelemetry(metrics: metrics, tracer: tracer))
            try await eventually { locks.votingNodes == 3 }
            try await body(cluster, locks, metrics, tracer)
            await locks.close()
        }
    }

    private func attempts(_ metrics: TestMetrics, _ mode: String, _ outcome: String) throws -> Int {
        try metrics.expectTimer(
            "holdfast_lock_acquire_seconds", [("mode", mode), ("outcome", outcome)]
        ).values.count
    }

    @Test(.timeLimit(.minutes(1))) func outcomesRoundsAndHeldLeasesAreCounted() async throws {
        try await withWatchedLocks { _, locks, metrics, _ in
            let held = try metrics.expectMeter("holdfast_lock_held")
            let lease = try await locks.acquire(name)
            #expect(held.lastValue == 1)
            await #expect(throws: LockError.self) { try await locks.acquire(name) }
            await #expect(throws: LockError.self) { try await locks.acquireShared(name) }
            await locks.release(lease)
            await locks.release(lease)
            #expect(held.lastValue == 0)
            #expect(try attempts(metrics, "exclusive", "acquired") == 1)
            #expect(try attempts(metrics, "exclusive", "held") == 1)
            #expect(try attempts(metrics, "shared", "held") == 1)
            #expect(try metrics.expectRecorder("holdfast_lock_rounds").values == [1])
            let left = try metrics.expectRecorder("holdfast_lock_validity_left_seconds").values
            #expect(left.count == 1 && left.allSatisfy { (9...10).contains($0) })
            #expect(try metrics.expectCounter("holdfast_lock_releases").totalValue == 2)
        }
    }

    @Test(.timeLimit(.minutes(1))) func renewalsLossesAndNodesAreTold() async throws {
        try await withWatchedLocks { cluster, locks, metrics, _ in
            await #expect(throws: LockError.self) {
                try await locks.withLock(name, ttl: .milliseconds(300)) { lease in
                    try await eventually { lease.renewals >= 2 }
                    for node in locks.nodes { try await node.client.send(RedisCommand("DEL", locks.keys.owner(name))) }
                    for node in locks.nodes {
                        try await node.client.send(RedisCommand("INCR", locks.keys.counter(name)))
                    }
                    try await locks.runtime.sleep(for: .seconds(3600))
                }
            }
            #expect(try metrics.expectCounter("holdfast_lock_renewals").totalValue >= 2)
            #expect(try metrics.expectCounter("holdfast_lock_losses").totalValue == 1)
            #expect(try metrics.expectMeter("holdfast_lock_held").lastValue == 0)
            let server = locks.nodes[1].client.server
            let voting = try metrics.expectMeter("holdfast_lock_node_voting", [("node", server)])
            try await eventually { voting.lastValue == 1 }
            await cluster.nodes[1].kill()
            try await eventually { voting.lastValue == 0 }
            let replies = try metrics.expectTimer(
                "holdfast_lock_node_reply_seconds", [("node", locks.nodes[0].client.server)])
            #expect(replies.values.count >= 4)
        }
    }

    @Test(.timeLimit(.minutes(1))) func spansTellOfAcquiringAndHolding() async throws {
        try await withWatchedLocks { _, locks, _, tracer in
            try await locks.withLock(name) { _ in
                let inner = tracer.startSpan("inner")
                inner.end()
                await #expect(throws: LockError.self) { try await locks.acquire(name) }
            }
            let spans = tracer.finishedSpans
            #expect(
                spans.map(\.operationName) == [
                    "holdfast.lock.acquire", "inner", "holdfast.lock.acquire", "holdfast.lock.hold",
                ])
            let hold = try #require(spans.last)
            #expect(hold.attributes["lock.name"]?.toSpanAttribute() == .string("watched"))
            #expect(hold.attributes["lock.token"]?.toSpanAttribute() == .int64(1))
            #expect(spans[1].parentSpanID == hold.spanID && spans[2].parentSpanID == hold.spanID)
            #expect(spans[0].status == nil && spans[2].status?.code == .error && spans[2].errors.count == 1)
        }
    }
}
