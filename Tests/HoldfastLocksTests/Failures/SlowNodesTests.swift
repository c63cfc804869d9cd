import HoldfastRedis
import HoldfastRuntime
import LockFaults
import Testing

@testable import HoldfastLocks

/// Requests and answers that come late, or so late that their sender has gone.
@Suite(.serialized) struct SlowNodesTests {
    private func expectFree(_ stage: FailureStage, _ comment: Comment? = nil) async throws {
        let owners = try await stage.witness.owners(stage.name)
        #expect(owners.allSatisfy { $0 == nil }, comment)
    }

    @Test(.timeLimit(.minutes(1))) func aLateMinorityIsFreedBehindItsGrant() async throws {
        try await withFailureStage { stage in
            for isRequest in [true, false] {
                for node in [0, 1] { stage.link(node).hold(requests: isRequest, replies: !isRequest) }
                let lease = try await stage.locks.acquire(stage.name, ttl: .seconds(50))
                await stage.locks.release(lease)
                for node in [0, 1] { stage.link(node).heal() }
                try await stage.settle()
                try await expectFree(stage)
            }
        }
    }

    /// Its requests come when another holds the lock, and its late release too.
    @Test(.timeLimit(.minutes(1))) func aLateAttemptTakesNothingFromWhoCameMeanwhile() async throws {
        try await withFailureStage { stage in
            for node in [0, 1] { stage.link(node).hold(requests: true) }
            let early = try await stage.locks.acquire(stage.name, ttl: .seconds(50))
            await stage.locks.release(early)
            try await stage.withAnother { another in
                let lease = try await another.acquire(stage.name, ttl: .seconds(50))
                try await stage.settle(another)
                #expect(lease.token > early.token)
                for node in [0, 1] { stage.link(node).heal() }
                try await stage.settle()
                #expect(try await stage.witness.owners(stage.name).allSatisfy { $0 == lease.owner })
                await another.release(lease)
            }
        }
    }

    /// The answers of a majority are lost: its grants must not stand in the way of the next attempt.
    @Test(.timeLimit(.minutes(1)), arguments: [true, false]) func aRetryIsNotBlockedByItsOwnLeftovers(
        _ areRequestsLate: Bool
    ) async throws {
        try await withFailureStage(configure: { $0.nodeTimeout = .milliseconds(200) }) { stage in
            let late = [0, 2, 4]
            for node in late { stage.link(node).hold(requests: areRequestsLate, replies: !areRequestsLate) }
            let error = await #expect(throws: LockError.self) {
                try await stage.locks.acquire(stage.name, ttl: .seconds(60))
            }
            guard case .unavailable(_, let outcomes) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            for node in late { #expect(outcomes[node] == .noAnswer) }
            for node in late { stage.link(node).heal() }
            try await stage.settle()
            try await expectFree(stage, "granted, and given up: freed by the release behind it")
            try await stage.withAnother { another in
                // One attempt: with a leftover it would be refused for a minute.
                let lease = try await another.acquire(stage.name, ttl: .seconds(60))
                await another.release(lease)
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func requestsThatArriveWhenTheirClientIsClosedLeaveNothing() async throws {
        try await withFailureStage { stage in
            let transport = FaultyTransport()
            try await stage.withAnother(over: transport, { $0.nodeTimeout = .milliseconds(100) }) { gone in
                for node in 0..<3 { transport.link(to: stage.configuration.nodes[node].address).hold(requests: true) }
                await #expect(throws: LockError.self) { try await gone.acquire(stage.name, ttl: .seconds(60)) }
            }
            #expect(transport.streams >= 3, "what it sent is still on its way")
            for node in 0..<5 { transport.link(to: stage.configuration.nodes[node].address).heal() }
            try await eventually { transport.streams == 0 }
            try await eventually { try await stage.witness.counter(stage.name, at: 2) == 2 }
            try await eventually { try await stage.witness.owners(stage.name).allSatisfy { $0 == nil } }
        }
    }

    /// Nobody can free what he cannot reach; the TTL does.
    @Test(.timeLimit(.minutes(1))) func aReleaseThatReachesNobodyBlocksForTheTTLAtMost() async throws {
        try await withFailureStage { stage in
            let lease = try await stage.locks.acquire(stage.name, ttl: .seconds(1))
            try await stage.settle()
            for node in 0..<5 { stage.link(node).cut() }
            try await eventually { stage.locks.votingNodes == 0 }
            await stage.locks.release(lease)
            #expect(!lease.isValid)
            for node in 0..<5 { stage.link(node).heal() }
            try await stage.withAnother { another in
                let error = await #expect(throws: LockError.self) {
                    try await another.acquire(stage.name, ttl: .seconds(50))
                }
                guard case .held(_, let left?, _) = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                #expect(left <= .seconds(1))
                let next = try await another.acquire(stage.name, ttl: .seconds(50), wait: .forever)
                #expect(next.token > lease.token)
                await another.release(next)
            }
        }
    }
}
