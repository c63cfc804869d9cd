import HoldfastRedis
import LockFaults
import Testing

@testable import HoldfastLocks

/// Clusters of an even size, where half is no majority.
@Suite(.serialized) struct TieTests {
    @Test(.timeLimit(.minutes(1)), arguments: [2, 4]) func halfOfTheNodesIsNotEnough(_ nodes: Int) async throws {
        try await withFailureStage(nodes: nodes) { stage in
            for node in 0..<nodes / 2 { stage.link(node).cut() }
            try await eventually { stage.locks.votingNodes == nodes / 2 }
            let error = await #expect(throws: LockError.self) { try await stage.locks.acquire(stage.name) }
            guard case .unavailable = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            for node in nodes / 2..<nodes { try await stage.locks.nodes[node].client.send(RedisCommand("PING")) }
            #expect(try await stage.witness.owners(stage.name).allSatisfy { $0 == nil })
        }
    }

    /// Each gets two of four; both lose, neither takes the other's, and nothing stays behind.
    @Test(.timeLimit(.minutes(1))) func aSplitVoteIsNobodysAndLeavesNothing() async throws {
        try await withFailureStage(nodes: 4) { stage in
            let transport = FaultyTransport()
            try await stage.withAnother(over: transport) { another in
                for node in [2, 3] { stage.link(node).hold(requests: true) }
                for node in [0, 1] { transport.link(to: stage.configuration.nodes[node].address).hold(requests: true) }
                let first = Task { try await stage.locks.acquire(stage.name, ttl: .seconds(50)) }
                let second = Task { try await another.acquire(stage.name, ttl: .seconds(50)) }
                try await eventually { try await stage.witness.owners(stage.name).allSatisfy { $0 != nil } }
                let owners = try await stage.witness.owners(stage.name)
                #expect(owners[0] == owners[1] && owners[2] == owners[3] && owners[0] != owners[2])
                // One after the other: whoever is refused first frees his half, and the other may get it then.
                for node in [2, 3] { stage.link(node).heal() }
                await #expect(throws: LockError.self) { try await first.value }
                #expect(try await stage.witness.owners(stage.name, at: [2, 3]) == [owners[2], owners[2]])
                for node in [0, 1] { transport.link(to: stage.configuration.nodes[node].address).heal() }
                let lease = try await second.value
                #expect(lease.owner == owners[2])
                await another.release(lease)
                try await stage.settle(another)
                #expect(try await stage.witness.owners(stage.name).allSatisfy { $0 == nil })
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aTieWithAnotherLeavesHisHalfAlone() async throws {
        try await withFailureStage(nodes: 4) { stage in
            let key = stage.witness.keys.owner(stage.name)
            for node in [1, 3] {
                try await stage.witness.send(node, RedisCommand("SET", key, "another", "PX", "50000"))
            }
            let error = await #expect(throws: LockError.self) { try await stage.locks.acquire(stage.name) }
            guard case .held = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            try await stage.settle()
            #expect(try await stage.witness.owners(stage.name) == [nil, "another", nil, "another"])
        }
    }
}
