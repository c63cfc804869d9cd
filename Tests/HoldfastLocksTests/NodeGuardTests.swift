import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import Testing

@testable import HoldfastLocks

/// What keeps nodes from voting that forget what they promised, or stand at another's place: on real servers, so that
/// each test fails when its guard is taken out of the library.
@Suite(.serialized, .timeLimit(.minutes(1))) struct NodeGuardTests {
    private static let evicting = [
        ServerSetting("maxmemory", "100mb"), ServerSetting("maxmemory-policy", "allkeys-lru"),
    ]

    private func withCluster(
        nodes: Int = 3, _ body: (LocalCluster, LockClusterConfiguration) async throws -> Void
    ) async throws {
        try await withTemporaryCluster(nodes: nodes, stores: 0, nodeFsync: .always) { cluster in
            let configuration = try LockClusterConfiguration(urls: cluster.nodeURLs)
            _ = try await LockCluster.initialize(configuration, maximumTTL: .seconds(1))
            try await body(cluster, configuration)
        }
    }

    private func text(_ member: ClusterMember, _ command: RedisCommand) async throws -> String {
        let client = RedisClient(try RedisConfiguration(url: member.url))
        let reply = try await client.send(command.idempotent)
        await client.close()
        return reply.text ?? ""
    }

    /// Whether the server's record lets the incarnation vote that runs now.
    private func votes(_ member: ClusterMember) async throws -> Bool {
        let runID = ServerInfo(info: try await text(member, RedisCommand("INFO", "server")))?.runID
        return try await text(member, RedisCommand("HGET", "holdfast:node", "vote")).hasSuffix(try #require(runID))
    }

    /// With whole data and the best of discs it would be admitted at once.
    @Test func noClientAdmitsANodeThatEvicts() async throws {
        try await withCluster { cluster, configuration in
            let locks = try await LockCluster.connect(configuration, patience: .seconds(20))
            while locks.votingNodes < 3 { try await locks.runtime.sleep(for: .milliseconds(10)) }
            let member = cluster.nodes[0]
            try await member.restart(with: Self.evicting)
            for _ in 0..<75 {
                let votes = try await votes(member)
                #expect(!votes && locks.votingNodes < 3)
                try await locks.runtime.sleep(for: .milliseconds(20))
                if votes { break }
            }
            // What kept it out was nothing else.
            try await member.restart()
            while locks.votingNodes < 3 { try await locks.runtime.sleep(for: .milliseconds(10)) }
            #expect(try await votes(member))
            await locks.close()
        }
    }

    @Test func noOperatorAdmitsANodeThatEvicts() async throws {
        try await withCluster { cluster, configuration in
            let member = cluster.nodes[0]
            try await member.restart(with: Self.evicting)
            let error = await #expect(throws: AdmissionError.self) {
                try await LockCluster.admit(0, of: configuration, floor: .fromClock, patience: .seconds(20))
            }
            #expect("\(String(describing: error))".contains("allkeys-lru"))
            #expect(try await !votes(member))
            try await member.restart()
            _ = try await LockCluster.admit(0, of: configuration, floor: .fromClock, patience: .seconds(20))
            #expect(try await votes(member))
        }
    }

    /// The others are a majority, and vote; when one of them is away, they are none.
    @Test func nodesAtEachOthersPlaceDoNotVote() async throws {
        try await withCluster(nodes: 5) { cluster, configuration in
            var swapped = configuration
            swapped.nodes.swapAt(0, 1)
            let locks = try await LockCluster.connect(swapped, patience: .seconds(20))
            while locks.votingNodes < 3 { try await locks.runtime.sleep(for: .milliseconds(10)) }
            var most = 0
            for _ in 0..<25 {
                most = max(most, locks.votingNodes)
                try await locks.runtime.sleep(for: .milliseconds(20))
            }
            #expect(most == 3)
            await locks.release(try await locks.acquire(LockName("r"), ttl: .seconds(1)))
            await cluster.nodes[4].kill()
            await #expect(throws: LockError.self) { try await locks.acquire(LockName("r"), ttl: .seconds(1)) }
            await locks.close()
        }
    }

    /// Of three, who has two nodes at each other's place has one node left that is what he believes it to be.
    @Test func whoHasNodesInAnotherOrderGetsNoLock() async throws {
        try await withCluster { _, configuration in
            var swapped = configuration
            swapped.nodes.swapAt(0, 1)
            let error = await #expect(throws: LockError.self) {
                let locks = try await LockCluster.connect(swapped, patience: .seconds(1))
                do {
                    _ = try await locks.acquire(LockName("r"), ttl: .seconds(1))
                } catch {
                    await locks.close()
                    throw error
                }
                await locks.close()
            }
            #expect("\(String(describing: error))".contains("listed as node"), "\(String(describing: error))")
            let locks = try await LockCluster.connect(configuration, patience: .seconds(20))
            _ = try await locks.acquire(LockName("r"), ttl: .seconds(1), wait: .upTo(.seconds(10)))
            await locks.close()
        }
    }
}
