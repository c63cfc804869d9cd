import HoldfastRedis
import LockFaults
import Testing

@testable import HoldfastLocks

/// Every set of nodes that a network can cut off.
@Suite(.serialized) struct UnreachableNodesTests {
    @Test(.timeLimit(.minutes(2))) func everyMaskOfUnreachableNodes() async throws {
        try await withFailureStage { stage in
            var latest = FencingToken(rawValue: 0)
            for mask in 0..<32 {
                let away = FailureStage.nodes(of: mask)
                let here = (0..<5).filter { !away.contains($0) }
                for node in away { stage.link(node).cut() }
                try await eventually { stage.locks.votingNodes == here.count }
                if here.count >= 3 {
                    let lease = try await stage.locks.acquire(stage.name, ttl: .seconds(50))
                    #expect(lease.token > latest, "nodes \(away) away")
                    latest = lease.token
                    await stage.locks.release(lease)
                } else {
                    let error = await #expect(throws: LockError.self) {
                        try await stage.locks.acquire(stage.name, ttl: .seconds(50))
                    }
                    guard case .unavailable(_, let outcomes) = error else {
                        Issue.record("nodes \(away) away: \(String(describing: error))")
                        return
                    }
                    let unreachable = (0..<5).filter { if case .unreachable = outcomes[$0] { true } else { false } }
                    // Three decide; whoever was asked later is not waited for.
                    #expect(unreachable.count >= 3 && away.starts(with: unreachable), "nodes \(away) away")
                }
                for node in here { try await stage.locks.nodes[node].client.send(RedisCommand("PING")) }
                #expect(try await stage.witness.owners(stage.name).allSatisfy { $0 == nil }, "nodes \(away) away")
                for node in away { stage.link(node).heal() }
                try await eventually { stage.locks.votingNodes == 5 }
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aMajorityOfTheConnectedNodesIsNotAMajority() async throws {
        try await withFailureStage { stage in
            let transport = FaultyTransport()
            for node in 0..<3 { transport.link(to: stage.configuration.nodes[node].address).cut() }
            let error = await #expect(throws: LockError.self) {
                try await LockCluster.connect(stage.configuration, patience: .milliseconds(300), transport: transport)
            }
            guard case .unavailable = error else {
                Issue.record("two of five nodes were enough: \(String(describing: error))")
                return
            }
            try await eventually { transport.streams == 0 }
        }
    }

    /// The cluster's size is written on its nodes; a client that lists fewer would count smaller majorities.
    @Test(.timeLimit(.minutes(1))) func aClientThatListsFewerNodesIsRefused() async throws {
        try await withFailureStage { stage in
            var fewer = stage.configuration
            fewer.nodes.removeLast(2)
            await #expect(throws: LockError.self) {
                try await LockCluster.connect(fewer, patience: .milliseconds(300))
            }
        }
    }
}
