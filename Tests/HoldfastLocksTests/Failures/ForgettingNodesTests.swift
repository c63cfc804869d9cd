import Foundation
import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import LockFaults
import Testing

@testable import HoldfastLocks

/// Nodes that come back without what they knew, or with what they knew once.
@Suite(.serialized) struct ForgettingNodesTests {
    private func count(to number: Int64, _ stage: FailureStage) async throws {
        while try await stage.witness.counter(stage.name, at: 0) < number {
            await stage.locks.release(try await stage.locks.acquire(stage.name, ttl: .milliseconds(500)))
            try await stage.settle()
        }
    }

    /// Puts an old copy of its data in a node's place.
    private func rollBack(_ node: Int, to copy: String, _ stage: FailureStage) async throws {
        let member = stage.cluster.nodes[node]
        await member.kill()
        try FileManager.default.removeItem(atPath: member.dataDirectory)
        try FileManager.default.copyItem(atPath: copy, toPath: member.dataDirectory)
        try await member.restart()
    }

    /// Copies the logs of running servers, which end with a whole entry.
    private func copies(of nodes: [Int], _ stage: FailureStage) throws -> [String] {
        try nodes.map { node in
            let member = stage.cluster.nodes[node]
            let copy = member.directory + "/copy"
            try FileManager.default.copyItem(atPath: member.dataDirectory, toPath: copy)
            return copy
        }
    }

    /// An old copy looks like all the data that the node ever had. The others' floor keeps its tokens new.
    @Test(.timeLimit(.minutes(1))) func aMajorityThatIsRolledBackInTurnIssuesNoTokenAgain() async throws {
        try await withFailureStage(maximumTTL: .seconds(1)) { stage in
            try await count(to: 3, stage)
            let copies = try copies(of: [0, 1, 2], stage)
            try await count(to: 9, stage)
            for node in 0..<3 {
                try await rollBack(node, to: copies[node], stage)
                try await eventually { stage.locks.votingNodes == 5 }
                #expect(try await stage.witness.counter(stage.name, at: node) == 4, "rolled back")
            }
            for node in [3, 4] { await stage.cluster.nodes[node].kill() }
            try await eventually { stage.locks.votingNodes == 3 }
            let lease = try await stage.locks.acquire(stage.name, ttl: .milliseconds(500))
            #expect(lease.token.rawValue > 10)
        }
    }

    /// Where not every write was synced, a restart may be a roll-back: it waits as one that has forgotten.
    @Test(.timeLimit(.minutes(1))) func aNodeWithLooseSyncWaitsAfterARestart() async throws {
        try await withFailureStage(maximumTTL: .seconds(1), fsync: .everySecond) { stage in
            try await count(to: 3, stage)
            let copy = try copies(of: [1], stage)[0]
            try await count(to: 6, stage)
            try await rollBack(1, to: copy, stage)
            try await eventually { stage.locks.standings[1].reason.contains("forgotten") }
            try await eventually { stage.locks.votingNodes == 5 }
            for node in [0, 4] { await stage.cluster.nodes[node].kill() }
            try await eventually { stage.locks.votingNodes == 3 }
            let lease = try await stage.locks.acquire(stage.name, ttl: .milliseconds(500))
            #expect(lease.token.rawValue > 6)
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: [true, false]) func aMinorityThatRestartsDoesNotGiveAHeldLockAway(
        _ isEmpty: Bool
    ) async throws {
        try await withFailureStage { stage in
            try await stage.locks.withLock(stage.name, ttl: .seconds(30)) { lease in
                for node in [0, 4] { try await stage.cluster.nodes[node].restart(empty: isEmpty) }
                try await eventually { stage.locks.votingNodes == (isEmpty ? 3 : 5) }
                try await stage.renew(lease)
                var other = stage.configuration
                other.nodeTimeout = .seconds(5)
                let another = try await LockCluster.connect(other, patience: .seconds(20))
                let error = await #expect(throws: LockError.self) {
                    try await another.acquire(stage.name, ttl: .seconds(50))
                }
                await another.close()
                guard case .held = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                #expect(lease.isValid)
                #expect(try await stage.witness.owners(stage.name, at: [1, 2, 3]).allSatisfy { $0 == lease.owner })
            }
        }
    }
}
