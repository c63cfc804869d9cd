import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import LockFaults
import Testing

@testable import HoldfastLocks

/// Nodes that answer, but not as a lock node should: full, of another role, or with strange data.
@Suite(.serialized) struct BrokenNodesTests {
    private func cycle(_ stage: FailureStage) async throws {
        let lease = try await stage.locks.acquire(stage.name, ttl: .seconds(50))
        await stage.locks.release(lease)
        try await stage.settle()
    }

    private func failures(_ stage: FailureStage) async throws -> [NodeOutcome] {
        let error = await #expect(throws: LockError.self) {
            try await stage.locks.acquire(stage.name, ttl: .seconds(50))
        }
        try await stage.settle()
        guard case .unavailable(_, let outcomes) = error else {
            Issue.record("\(String(describing: error))")
            return []
        }
        return outcomes
    }

    private func says(_ prefix: String, _ outcome: NodeOutcome) -> Bool {
        if case .failed(let error) = outcome { error.serverPrefix == prefix } else { false }
    }

    private func fill(_ nodes: [Int], _ stage: FailureStage, limit: RedisArgument = "1") async throws {
        for node in nodes { try await stage.witness.send(node, RedisCommand("CONFIG", "SET", "maxmemory", limit)) }
    }

    @Test(.timeLimit(.minutes(1))) func fullNodesRefuseAndStillFree() async throws {
        try await withFailureStage { stage in
            try await fill([0, 1], stage)
            try await cycle(stage)
            try await fill([2], stage)
            let outcomes = try await failures(stage)
            #expect(outcomes.count { says("OOM", $0) } == 3)
            #expect(try await stage.witness.owners(stage.name).allSatisfy { $0 == nil })
            try await fill([0, 1, 2], stage, limit: "0")

            // A lease from before is renewed and freed where nothing more can be stored.
            try await stage.locks.withLock(stage.name, ttl: .seconds(30)) { lease in
                try await fill([0, 1, 2, 3, 4], stage)
                try await stage.renew(lease)
                #expect(lease.isValid)
            }
            try await stage.settle()
            #expect(try await stage.witness.owners(stage.name).allSatisfy { $0 == nil })
        }
    }

    /// A replica refuses writes, and keeps the record of its primary, which is another node's.
    @Test(.timeLimit(.minutes(1))) func aReplicaNeverVotesAlsoWhenItIsPromoted() async throws {
        try await withFailureStage { stage in
            try await stage.witness.send(0, RedisCommand("CONFIG", "SET", "repl-diskless-sync-delay", "0"))
            for node in [1, 2] {
                let port = RedisArgument(stage.cluster.nodes[0].port)
                try await stage.witness.send(node, RedisCommand("REPLICAOF", "127.0.0.1", port))
                try await eventually {
                    let text = try await stage.witness.send(node, RedisCommand("INFO", "replication")).text
                    return text?.contains("master_link_status:up") == true
                }
            }
            try await cycle(stage)
            try await eventually { stage.locks.votingNodes == 3 }
            for node in [1, 2] {
                try await stage.witness.send(node, RedisCommand("REPLICAOF", "NO", "ONE"))
                try await eventually { stage.locks.standings[node].reason.contains("node 0") }
            }
            // Looked at afresh by a client that never knew them.
            let another = try await LockCluster.connect(stage.configuration, patience: .seconds(20))
            try await eventually { another.votingNodes == 3 && another.standings[1].reason.contains("node 0") }
            await another.close()
            stage.link(4).cut()
            try await eventually { stage.locks.votingNodes == 2 }
            await #expect(throws: LockError.self) { try await stage.locks.acquire(stage.name) }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aListInTheCountersPlaceIsARefusal() async throws {
        try await withFailureStage { stage in
            try await spoil(stage.witness.keys.counter(stage.name), stage) { outcomes in
                #expect(outcomes.count { says("WRONGTYPE", $0) } == 3)
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aListInTheRecordsPlaceIsARefusal() async throws {
        try await withFailureStage { stage in
            try await spoil(stage.witness.keys.node, stage) { outcomes in
                #expect(outcomes.count { says("WRONGTYPE", $0) } == 3)
            }
        }
    }

    /// Puts a list in a key's place, at a minority and then at a majority. It is left as it is.
    private func spoil(
        _ key: RedisArgument, _ stage: FailureStage, _ check: ([NodeOutcome]) -> Void
    ) async throws {
        let push = RedisCommand("RPUSH", key, "strange")
        for node in [0, 3] {
            try await stage.witness.send(node, RedisCommand("DEL", key))
            try await stage.witness.send(node, push)
        }
        try await cycle(stage)
        try await stage.witness.send(4, RedisCommand("DEL", key))
        try await stage.witness.send(4, push)
        check(try await failures(stage))
        #expect(try await stage.witness.owners(stage.name).allSatisfy { $0 == nil })
        for node in [0, 3, 4] {
            #expect(try await stage.witness.send(node, RedisCommand("LLEN", key)).integer == 1)
        }
    }

    /// Somebody else's, whoever put it there: it is not touched, and it blocks where it is.
    @Test(.timeLimit(.minutes(1))) func aListInTheOwnersPlaceIsAnothersLock() async throws {
        try await withFailureStage { stage in
            let key = stage.witness.keys.owner(stage.name)
            for node in [0, 3] { try await stage.witness.send(node, RedisCommand("RPUSH", key, "strange")) }
            try await cycle(stage)
            try await stage.witness.send(4, RedisCommand("RPUSH", key, "strange"))
            let error = await #expect(throws: LockError.self) { try await stage.locks.acquire(stage.name) }
            guard case .held(_, retryAfter: nil, _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            try await stage.settle()
            for node in [0, 3, 4] {
                #expect(try await stage.witness.send(node, RedisCommand("LLEN", key)).integer == 1)
            }
            #expect(try await stage.witness.owners(stage.name, at: [1, 2]).allSatisfy { $0 == nil })
        }
    }
}
