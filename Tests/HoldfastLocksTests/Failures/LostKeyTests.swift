import HoldfastRedis
import HoldfastRuntime
import LockFaults
import Testing

@testable import HoldfastLocks

/// Locks that lose their keys while they are held.
@Suite(.serialized) struct LostKeyTests {
    /// Held by exactly a majority: the other nodes are out of this client's reach.
    private func withBareMajority(
        _ stage: FailureStage, _ body: @escaping @Sendable (Lease) async throws -> Void
    ) async throws {
        for node in [3, 4] { stage.link(node).cut() }
        try await eventually { stage.locks.votingNodes == 3 }
        try await stage.locks.withLock(stage.name, ttl: .seconds(30), body)
    }

    @Test(.timeLimit(.minutes(1))) func aKeyThatNobodyTookIsRepaired() async throws {
        try await withFailureStage { stage in
            try await withBareMajority(stage) { lease in
                try await stage.witness.expire(stage.name, at: [2])
                // The repaired node is not counted in the round that repairs it, so this takes a second one.
                try await stage.renew(lease)
                #expect(lease.isValid)
                #expect(try await stage.witness.owners(stage.name, at: [0, 1, 2]).allSatisfy { $0 == lease.owner })
            }
        }
    }

    /// Redlock's known weakness: with one key gone, another gets a majority. The token tells them apart, the holder
    /// learns of it before its lease ends, and takes nothing away from the other.
    @Test(.timeLimit(.minutes(1))) func aKeyThatAnotherTookIsTheEndOfTheLease() async throws {
        try await withFailureStage { stage in
            try await stage.withAnother { another in
                let error = await #expect(throws: LockError.self) {
                    try await withBareMajority(stage) { lease in
                        try await stage.witness.expire(stage.name, at: [2])
                        let next = try await another.acquire(stage.name, ttl: .seconds(50))
                        #expect(next.token > lease.token)
                        // It cannot be renewed any more, and its time ends.
                        stage.runtime.jump(.seconds(11))
                        stage.runtime.jump(.seconds(20))
                        while !Task.isCancelled { await Task.yield() }
                    }
                }
                guard case .lost = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                for node in 0..<3 { try await stage.locks.nodes[node].client.send(RedisCommand("PING")) }
                let owners = try await stage.witness.owners(stage.name)
                #expect(owners[0] == nil && owners[1] == nil)
                #expect(owners[2] != nil && Set(owners[2...]).count == 1, "the other's")
            }
        }
    }

    /// Another had it in between and gave it back: the keys are free, but the counters tell.
    @Test(.timeLimit(.minutes(1))) func aLeaseIsNotRevivedOverATenureInBetween() async throws {
        try await withFailureStage { stage in
            try await stage.withAnother { another in
                let error = await #expect(throws: LockError.self) {
                    try await stage.locks.withLock(stage.name, ttl: .seconds(30)) { _ in
                        try await stage.witness.expire(stage.name)
                        let between = try await another.acquire(stage.name, ttl: .seconds(50))
                        await another.release(between)
                        try await stage.settle(another)
                        stage.runtime.jump(.seconds(11))
                        while !Task.isCancelled { await Task.yield() }
                    }
                }
                guard case .lost(_, _, let reason) = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                #expect(reason.contains("majority"))
                try await stage.settle()
                #expect(try await stage.witness.owners(stage.name).allSatisfy { $0 == nil })
            }
        }
    }
}
