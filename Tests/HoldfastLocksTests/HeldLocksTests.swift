import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import Testing

@testable import HoldfastLocks

/// The list of held locks, read from real redis-server processes.
@Suite(.timeLimit(.minutes(1))) struct HeldLocksTests {
    private func withLocks(
        _ body: (LocalCluster, LockCluster, LockClusterConfiguration) async throws -> Void
    ) async throws {
        try await withTemporaryCluster(nodes: 3, stores: 0) { cluster in
            let configuration = try LockClusterConfiguration(urls: cluster.nodeURLs)
            _ = try await LockCluster.initialize(configuration)
            let locks = try await LockCluster.connect(configuration, patience: .seconds(20))
            while locks.votingNodes < 3 { try await LiveRuntime().sleep(for: .milliseconds(10)) }
            do { try await body(cluster, locks, configuration) } catch {
                await locks.close()
                throw error
            }
            await locks.close()
        }
    }

    private func send(_ cluster: LocalCluster, node: Int, _ command: RedisCommand) async throws {
        let client = RedisClient(try RedisConfiguration(url: cluster.nodeURLs[node]))
        try await client.send(command)
        await client.close()
    }

    @Test func tellsOwnerTokenAndTimePerNode() async throws {
        try await withLocks { cluster, locks, configuration in
            #expect(try await LockCluster.held(configuration).locks.isEmpty)
            // The counters of the nodes differ, so the token is written back.
            try await send(cluster, node: 1, RedisCommand("SET", "holdfast:fence:a*b?", "6"))
            try await send(cluster, node: 2, RedisCommand("SET", "holdfast:fence:a*b?", "6"))
            let first = try await locks.acquire(LockName("a*b?"), ttl: .seconds(20))
            // Begins with a character that would join the one before it.
            let second = try await locks.acquire(LockName("\u{301}ñ"), ttl: .seconds(20))
            var held = try await LockCluster.held(configuration)
            while held.locks.contains(where: { $0.holdings.count < 3 }) {
                held = try await LockCluster.held(configuration)
            }
            #expect(held.locks.map(\.name) == [first.name, second.name].sorted())
            #expect(held.isComplete && held.sawMajority && held.nodes.allSatisfy { $0.failure == nil })
            for lease in [first, second] {
                let lock = try #require(held.locks.first { $0.name == lease.name })
                #expect(lock.owner == lease.owner && lock.token == lease.token && lock.isHeld)
                #expect(lock.holdings.map(\.node) == [0, 1, 2])
                let remaining = try #require(lock.remaining)
                #expect(remaining > .zero && remaining <= .seconds(20))
            }
            await locks.release(first)
            await locks.release(second)
        }
    }

    @Test func aMinorityIsMarkedAndJunkIsPassedOver() async throws {
        try await withLocks { cluster, locks, configuration in
            let lease = try await locks.acquire(LockName("page"), ttl: .seconds(20))
            while try await LockCluster.held(configuration).locks.first?.holdings.count != 3 {}
            try await send(cluster, node: 0, RedisCommand("SET", "holdfast:lock:page", "other", "PX", "9000"))
            try await send(cluster, node: 1, RedisCommand("LPUSH", "holdfast:lock:list", "not a lock"))
            try await send(cluster, node: 1, RedisCommand("SET", "holdfast:lock:", "no name"))
            try await send(cluster, node: 1, RedisCommand("SET", RedisArgument([0x68, 0xFF]), "no text"))
            let held = try await LockCluster.held(configuration)
            #expect(held.locks.count == 2)
            let mine = try #require(held.locks.first { $0.owner == lease.owner })
            #expect(mine.isHeld && mine.token == lease.token && mine.holdings.map(\.node) == [1, 2])
            let other = try #require(held.locks.first { $0.owner == "other" })
            #expect(!other.isHeld && other.token == nil && other.holdings.map(\.node) == [0])

            // More than a step of the scan and of the script, and more than are asked for.
            let many = (0..<1200).flatMap { number -> [RedisArgument] in ["holdfast:lock:n\(number)", "x"] }
            try await send(cluster, node: 2, RedisCommand("MSET", arguments: many))
            #expect(try await LockCluster.held(configuration).locks.count == 1202)
            let some = try await LockCluster.held(configuration, limit: 700)
            #expect(Set(some.locks.map(\.name)).count <= 700 && !some.isComplete)
            await #expect(throws: LockError.self) { try await LockCluster.held(configuration, limit: 0) }
        }
    }

    @Test func aNodeThatIsAwayIsReported() async throws {
        try await withLocks { cluster, locks, configuration in
            let lease = try await locks.acquire(LockName("page"), ttl: .seconds(20))
            while try await LockCluster.held(configuration).locks.first?.holdings.count != 3 {}
            await cluster.nodes[2].kill()
            let held = try await LockCluster.held(configuration)
            #expect(held.nodes.map { $0.failure == nil } == [true, true, false])
            #expect(held.locks.first?.isHeld == true && held.locks.first?.token == lease.token && held.sawMajority)
            await cluster.nodes[1].kill()
            let less = try await LockCluster.held(configuration)
            #expect(!less.sawMajority && less.locks.first?.isHeld == false)
        }
    }
}
