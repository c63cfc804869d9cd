import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import Testing

@testable import HoldfastLocks

/// Candidates and observers of one office.
@Suite(.serialized) struct ElectionTests {
    private let name: LockName

    init() throws { name = try LockName("office") }

    @Test(.timeLimit(.minutes(1))) func oneLeadsAndTheNextHasALaterTerm() async throws {
        try await withLockCluster { _, locks in
            let election = Election(name, on: locks)
            #expect(await election.leader() == nil)
            let first = try await election.lead(as: "ann") { leadership in
                let seen = await election.leader()
                #expect(seen == Leader(candidate: "ann", term: leadership.term))
                await #expect(throws: LockError.self) { try await election.lead(as: "bob", wait: .none) { _ in } }
                return leadership.term
            }
            #expect(await election.leader() == nil)
            let second = try await election.lead(as: "bob") { $0.term }
            #expect(second > first)
        }
    }

    @Test(.timeLimit(.minutes(1))) func observersHearOfEveryChange() async throws {
        try await withLockCluster { _, locks in
            let election = Election(name, on: locks, ttl: .seconds(50))
            var changes = election.changes().makeAsyncIterator()
            #expect(await changes.next() == .some(nil))
            var latest = FencingToken(rawValue: 0)
            for candidate in ["ann", "bob", "ann"] {
                let (resigned, resign) = AsyncStream.makeStream(of: Void.self)
                let leading = Task {
                    try await election.lead(as: candidate) { leadership in
                        for await _ in resigned {}
                        return leadership.term
                    }
                }
                let seen = await changes.next() ?? nil
                #expect(seen?.candidate == candidate && (seen?.term ?? latest) > latest)
                resign.finish()
                latest = try await leading.value
                #expect(await changes.next() == .some(nil))
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aDeadLeaderIsNoticedAndReplaced() async throws {
        try await withLockCluster { _, locks in
            let election = Election(name, on: locks, ttl: .seconds(50))
            // Holds the office and is never heard of again.
            var request = LockRequest(name, ttl: .milliseconds(500))
            request.label = "dead"
            let dead = try await locks.take(request, wait: .none)
            var changes = election.changes().makeAsyncIterator()
            #expect(await changes.next() == Leader(candidate: "dead", term: dead.token))
            let heir = Task {
                try await election.lead(as: "heir") { _ in try await locks.runtime.sleep(for: .seconds(3600)) }
            }
            var seen = await changes.next() ?? nil
            if seen == nil { seen = await changes.next() ?? nil }
            #expect(seen?.candidate == "heir" && (seen?.term ?? dead.token) > dead.token)
            heir.cancel()
            _ = await heir.result
        }
    }

    @Test(.timeLimit(.minutes(1))) func whoLosesTheOfficeCampaignsAgain() async throws {
        try await withLockCluster { _, locks in
            let election = Election(name, on: locks, ttl: .milliseconds(600))
            let times = Tally()
            let terms = try await election.lead(as: "ann", campaignAgain: true) { leadership in
                guard times.add(1) < 3 else { return leadership.term }
                for node in locks.nodes {
                    try await node.client.send(RedisCommand("SET", locks.keys.owner(name), "thief", "PX", "300"))
                }
                try await locks.runtime.sleep(for: .seconds(3600))
                return leadership.term
            }
            #expect(times.value == 3 && terms.rawValue >= 3)
        }
    }

    @Test(.timeLimit(.minutes(1))) func theStreamEndsWithTheCluster() async throws {
        try await withLockCluster { _, locks in
            let election = Election(name, on: locks)
            let watching = Task { for await _ in election.changes() {} }
            try await eventually {
                let channel = RedisArgument(locks.keys.channel(name))
                return try await locks.onEachNode(RedisCommand("PUBSUB", "NUMSUB", channel))
                    .allSatisfy { $0.array?.last?.integer == 1 }
            }
            await locks.close()
            await watching.value
        }
    }

    @Test(.timeLimit(.minutes(1))) func aCandidateNeedsAName() async throws {
        try await withLockCluster(nodes: 1, label: "") { _, locks in
            let election = Election(name, on: locks)
            await #expect(throws: LockError.self) { try await election.lead { _ in } }
            await #expect(throws: LockError.self) { try await election.lead(as: "a\nb") { _ in } }
        }
    }
}
