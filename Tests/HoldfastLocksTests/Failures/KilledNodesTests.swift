import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import LockFaults
import Testing

@testable import HoldfastLocks

/// Nodes that die while an attempt is under way.
@Suite(.serialized) struct KilledNodesTests {
    /// Holds all answers back until every node has granted, then kills some of them.
    private func killAfterGranting(
        _ victims: [Int], _ stage: FailureStage, ttl: Duration
    ) async throws -> Result<Lease, any Error> {
        for node in 0..<5 { stage.link(node).hold(replies: true) }
        let attempt = Task { try await stage.locks.acquire(stage.name, ttl: ttl) }
        try await eventually { try await stage.witness.owners(stage.name).allSatisfy { $0 != nil } }
        for node in victims { await stage.cluster.nodes[node].kill() }
        for node in 0..<5 { stage.link(node).heal() }
        return await attempt.result
    }

    @Test(.timeLimit(.minutes(1)), arguments: [[3], [0, 4]]) func aMinorityThatDiesAfterGranting(
        _ victims: [Int]
    ) async throws {
        try await withFailureStage { stage in
            let lease = try await killAfterGranting(victims, stage, ttl: .seconds(50)).get()
            #expect(lease.isValid)
            await stage.locks.release(lease)
            let alive = (0..<5).filter { !victims.contains($0) }
            for node in alive { try await stage.locks.nodes[node].client.send(RedisCommand("PING")) }
            #expect(try await stage.witness.owners(stage.name, at: alive).allSatisfy { $0 == nil })
            // They come back with a grant that nobody frees; it is in nobody's way.
            for node in victims { try await stage.cluster.nodes[node].restart() }
            try await eventually { stage.locks.votingNodes == 5 }
            let next = try await stage.locks.acquire(stage.name, ttl: .seconds(50))
            #expect(next.token > lease.token)
            await stage.locks.release(next)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aMajorityThatDiesAfterGrantingBlocksForItsTTLAtMost() async throws {
        try await withFailureStage { stage in
            let victims = [0, 1, 2]
            let result = try await killAfterGranting(victims, stage, ttl: .seconds(1))
            guard case .failure(LockError.unavailable(_, let outcomes)) = result else {
                Issue.record("\(result)")
                return
            }
            for node in victims { #expect(outcomes[node] == .noAnswer, "it may have granted") }
            for node in [3, 4] { try await stage.locks.nodes[node].client.send(RedisCommand("PING")) }
            #expect(try await stage.witness.owners(stage.name, at: [3, 4]).allSatisfy { $0 == nil })
            for node in victims { try await stage.cluster.nodes[node].restart() }
            try await eventually { stage.locks.votingNodes == 5 }
            let latest = try await stage.witness.counter(stage.name, at: 0)
            let lease = try await stage.locks.acquire(stage.name, ttl: .seconds(50), wait: .forever)
            #expect(lease.token.rawValue > latest)
            await stage.locks.release(lease)
        }
    }

    /// A minority goes at every step of an acquisition, in one round and in two.
    @Test(.timeLimit(.minutes(2)), arguments: [false, true]) func aMinorityGoesAtEveryStep(
        _ isUnequal: Bool
    ) async throws {
        try await withFailureStage { stage in
            var latest = FencingToken(rawValue: 0)
            var step = 0
            var wasReached = true
            while wasReached {
                step += 1
                if isUnequal { try await stage.witness.spreadCounters(stage.name) }
                let victims = [step % 5, (step + 2) % 5]
                let links = victims.map(stage.link)
                Step.at(step) { for link in links { link.cut() } }
                let result: Result<Lease, any Error>
                do { result = .success(try await stage.locks.acquire(stage.name, ttl: .seconds(50))) } catch {
                    result = .failure(error)
                }
                wasReached = Step.stop()
                switch result {
                case .success(let lease):
                    #expect(lease.token > latest, "step \(step)")
                    latest = lease.token
                    let owners = try await stage.witness.owners(stage.name)
                    #expect(owners.count { $0 == lease.owner } >= 3, "step \(step)")
                    await stage.locks.release(lease)
                case .failure(let error):
                    // In two rounds each of the first majority may be needed.
                    #expect(isUnequal, "step \(step): \(error)")
                }
                let alive = (0..<5).filter { !wasReached || !victims.contains($0) }
                for node in alive { try await stage.locks.nodes[node].client.send(RedisCommand("PING")) }
                #expect(try await stage.witness.owners(stage.name, at: alive).allSatisfy { $0 == nil }, "step \(step)")
                for link in links { link.heal() }
                try await eventually { stage.locks.votingNodes == 5 }
                // What a cut node granted stays for its TTL.
                try await stage.witness.expire(stage.name, at: victims)
            }
            #expect(step > 10, "the steps were not seen")
        }
    }
}
