import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import Synchronization
import Testing

@testable import HoldfastLocks

private final class TokenLog: Sendable {
    private let tokens = Mutex<[FencingToken]>([])

    var all: [FencingToken] { tokens.withLock { $0 } }

    func append(_ token: FencingToken) { tokens.withLock { $0.append(token) } }
}

/// The whole protocol against real redis-server processes.
@Suite(.serialized) struct LockClusterTests {
    private let name: LockName

    init() throws { name = try LockName("the lock") }

    @Test(.timeLimit(.minutes(2))) func tokensGrowAndTheSteadyStateTakesOneRound() async throws {
        try await withLockCluster { _, locks in
            var previous: FencingToken?
            for _ in 0..<50 {
                let lease = try await locks.acquire(name, ttl: .seconds(5))
                if let previous { #expect(lease.token > previous) }
                #expect(lease.rounds == 1)
                previous = lease.token
                await locks.release(lease)
            }
        }
    }

    @Test(.timeLimit(.minutes(2))) func manyTasksExcludeEachOtherAndNoTokenComesTwice() async throws {
        try await withLockCluster { _, locks in
            let inside = Tally()
            let tokens = TokenLog()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        for _ in 0..<5 {
                            try await locks.withLock(name, ttl: .seconds(5), wait: .forever) { lease in
                                #expect(inside.add(1) == 1)
                                await Task.yield()
                                tokens.append(lease.token)
                                inside.add(-1)
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let all = tokens.all
            #expect(all.count == 40 && Set(all).count == 40 && all == all.sorted())
        }
    }

    @Test(.timeLimit(.minutes(2))) func aHeldLockIsRefusedWithTheTimeLeft() async throws {
        try await withLockCluster { _, locks in
            let lease = try await locks.acquire(name, ttl: .seconds(8))
            let error = await #expect(throws: LockError.self) { try await locks.acquire(name, ttl: .seconds(1)) }
            guard case .held(_, let retryAfter?, let nodes) = error else {
                Issue.record("not held: \(String(describing: error))")
                return
            }
            #expect(retryAfter > .seconds(1) && retryAfter <= .seconds(8) && nodes.count == 5)
            #expect(lease.isValid, "the failed attempt must not have freed another's lock")
            for node in locks.nodes {
                let owner = try await node.client.send(RedisCommand("GET", locks.keys.owner(name))).text
                #expect(owner == lease.owner)
            }
            await locks.release(lease)
        }
    }

    @Test(.timeLimit(.minutes(2))) func aMinorityMayBeDead() async throws {
        try await withLockCluster { cluster, locks in
            await cluster.nodes[0].kill()
            await cluster.nodes[3].kill()
            let first = try await locks.acquire(name, ttl: .seconds(5), wait: .upTo(.seconds(10)))
            await locks.release(first)
            await cluster.nodes[4].kill()
            let error = await #expect(throws: LockError.self) { try await locks.acquire(name, ttl: .seconds(5)) }
            guard case .unavailable = error else {
                Issue.record("two of five nodes granted: \(String(describing: error))")
                return
            }
        }
    }

    @Test(.timeLimit(.minutes(2))) func aRestartedNodeVotesAgainAndTokensGoOnGrowing() async throws {
        try await withLockCluster(maximumTTL: .seconds(1)) { cluster, locks in
            let before = try await locks.withLock(name, ttl: .seconds(1)) { $0.token }
            // With its data it is trusted at once; empty, after the maximum TTL and with the others' floor.
            for (index, empty) in [(0, false), (1, true), (2, true)] {
                await cluster.nodes[index].kill()
                try await cluster.nodes[index].restart(empty: empty)
                try await eventually { locks.votingNodes == 5 }
            }
            // Only the three that were restarted are left.
            await cluster.nodes[3].kill()
            await cluster.nodes[4].kill()
            try await eventually { locks.votingNodes == 3 }
            let after = try await locks.withLock(name, ttl: .seconds(1), wait: .upTo(.seconds(10))) { $0.token }
            #expect(after > before)
        }
    }

    @Test(.timeLimit(.minutes(2))) func theBodyIsCancelledWhenTheLeaseIsTakenAway() async throws {
        let losses = Tally()
        try await withLockCluster(
            observer: { if case .lost = $0 { losses.add(1) } }
        ) { _, locks in
            let cancelled = Tally()
            let error = await #expect(throws: LockError.self) {
                try await locks.withLock(name, ttl: .milliseconds(600)) { lease in
                    for node in locks.nodes {
                        let key = locks.keys.owner(name)
                        try await node.client.send(RedisCommand("SET", key, "a thief", "PX", "60000"))
                    }
                    do { try await locks.runtime.sleep(for: .seconds(3600)) } catch {
                        cancelled.add(1)
                    }
                }
            }
            guard case .lost(_, _, let reason) = error else {
                Issue.record("not lost: \(String(describing: error))")
                return
            }
            #expect(reason.contains("majority"))
            #expect(cancelled.value == 1 && losses.value == 1)
            for node in locks.nodes {
                let owner = try await node.client.send(RedisCommand("GET", locks.keys.owner(name))).text
                #expect(owner == "a thief", "the loser's release must not free another's lock")
            }
        }
    }

    @Test(.timeLimit(.minutes(2))) func renewalKeepsALeaseFarBeyondItsTTL() async throws {
        try await withLockCluster { _, locks in
            // Long enough that a machine which stands still for a second does not lose it.
            let renewed = try await locks.withLock(name, ttl: .seconds(2)) { lease in
                try await eventually { lease.renewals >= 6 }
                return lease.isValid
            }
            #expect(renewed)
        }
    }

    @Test(.timeLimit(.minutes(2))) func aCancelledHolderFreesItsLock() async throws {
        try await withLockCluster { _, locks in
            let (started, signal) = AsyncStream.makeStream(of: Void.self)
            let holder = Task {
                try await locks.withLock(name, ttl: .seconds(10)) { _ in
                    signal.yield()
                    try await locks.runtime.sleep(for: .seconds(3600))
                }
            }
            for await _ in started { break }
            holder.cancel()
            _ = await holder.result
            let lease = try await locks.acquire(name, ttl: .seconds(5))
            await locks.release(lease)
        }
    }

    @Test(.timeLimit(.minutes(2))) func aTTLBeyondTheClustersMaximumIsRefused() async throws {
        try await withLockCluster(maximumTTL: .seconds(2)) { _, locks in
            await #expect(throws: LockError.self) { try await locks.acquire(name, ttl: .seconds(3)) }
        }
    }

    @Test(.timeLimit(.minutes(2))) func misconfigurationsAreSaidInASentence() async throws {
        try await withLockCluster(nodes: 3) { cluster, _ in
            var urls = cluster.nodeURLs
            #expect(throws: LockError.self) { try LockClusterConfiguration(urls: [urls[0], urls[0]]).validate() }
            urls.swapAt(0, 1)
            await #expect(throws: LockError.self) {
                try await LockCluster.connect(LockClusterConfiguration(urls: urls), patience: .milliseconds(300))
            }
            await #expect(throws: LockError.self) {
                try await LockCluster.connect(
                    LockClusterConfiguration(urls: [urls[0]]), patience: .milliseconds(300))
            }
        }
    }

    @Test(.timeLimit(.minutes(2))) func blankNodesAreNotALockCluster() async throws {
        try await withTemporaryCluster(nodes: 3, stores: 0) { cluster in
            let configuration = try LockClusterConfiguration(urls: cluster.nodeURLs)
            let error = await #expect(throws: LockError.self) {
                try await LockCluster.connect(configuration, patience: .milliseconds(300))
            }
            #expect(String(describing: error).contains("initialised"))
            let first = try await LockCluster.initialize(configuration)
            let second = try await LockCluster.initialize(configuration)
            #expect(second == first, "init may be repeated")
        }
    }
}
