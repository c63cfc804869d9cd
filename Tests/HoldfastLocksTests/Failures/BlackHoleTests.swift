import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import LockFaults
import Testing

@testable import HoldfastLocks

/// Nodes that take everything and answer nothing: their processes are stopped, their connections stay.
@Suite(.serialized) struct BlackHoleTests {
    /// The cost of a silent minority is counted, not timed: a cycle waits for no timer.
    @Test(.timeLimit(.minutes(2))) func everyMaskOfSilentNodes() async throws {
        try await withFailureStage { stage in
            try await stage.withAnother({ $0.nodeTimeout = .milliseconds(30) }) { hasty in
                for mask in 0..<32 {
                    let silent = FailureStage.nodes(of: mask)
                    for node in silent { #expect(await stage.cluster.nodes[node].pause()) }
                    if silent.count <= 2 {
                        try await cycleWithoutWaiting(stage, silent)
                    } else {
                        try await fail(hasty, stage.name, silent)
                    }
                    for node in silent { stage.cluster.nodes[node].resume() }
                    try await stage.settle()
                    try await stage.settle(hasty)
                    #expect(try await stage.witness.owners(stage.name).allSatisfy { $0 == nil }, "silent: \(silent)")
                }
            }
        }
    }

    private func cycleWithoutWaiting(_ stage: FailureStage, _ silent: [Int]) async throws {
        let (locks, name) = (stage.locks, stage.name)
        let (result, traces) = await Watch.over {
            let lease = try await locks.acquire(name, ttl: .seconds(50))
            await locks.release(lease)
            return lease.rounds
        }
        let rounds = try result.get()
        #expect(rounds <= 2, "silent: \(silent)")
        #expect(traces.counts.firedTimers.value == 0 && traces.counts.sleeps.value == 0, "silent: \(silent)")
        #expect(traces.counts.liveTimers.value == 0)
        try await eventually { !traces.hasTasks }
    }

    private func fail(_ locks: LockCluster, _ name: LockName, _ silent: [Int]) async throws {
        let error = await #expect(throws: LockError.self) { try await locks.acquire(name, ttl: .seconds(50)) }
        guard case .unavailable(_, let outcomes) = error else {
            Issue.record("silent: \(silent): \(String(describing: error))")
            return
        }
        #expect(silent.allSatisfy { outcomes[$0] == .noAnswer })
    }

    @Test(.timeLimit(.minutes(1))) func inTheSteadyStateASilentMinorityCostsNoSecondRound() async throws {
        try await withFailureStage { stage in
            for node in [1, 4] { #expect(await stage.cluster.nodes[node].pause()) }
            for _ in 0..<20 {
                let lease = try await stage.locks.acquire(stage.name, ttl: .seconds(50))
                #expect(lease.rounds == 1)
                await stage.locks.release(lease)
            }
            // All that they missed is executed now, in its order.
            for node in [1, 4] { stage.cluster.nodes[node].resume() }
            try await stage.settle()
            #expect(try await stage.witness.owners(stage.name).allSatisfy { $0 == nil })
            for node in 0..<5 { #expect(try await stage.witness.counter(stage.name, at: node) == 40) }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aHolderRenewsWhileAMinorityIsSilent() async throws {
        try await withFailureStage { stage in
            for node in [0, 2] { #expect(await stage.cluster.nodes[node].pause()) }
            let isValid = try await stage.locks.withLock(stage.name, ttl: .seconds(30)) { lease in
                for _ in 0..<4 { try await stage.renew(lease) }
                return lease.isValid
            }
            #expect(isValid)
        }
    }

    /// Once its silence is noticed a node is refused without asking, so that even a failure waits for nothing.
    @Test(.timeLimit(.minutes(1))) func aSilenceThatWasNoticedIsNotWaitedFor() async throws {
        let impatient = { (configuration: inout LockClusterConfiguration) in
            for node in 0..<5 { configuration.nodes[node].commandTimeout = .milliseconds(200) }
        }
        try await withFailureStage(configure: impatient) { stage in
            for (silent, isEnough) in [([0, 1], true), ([2], false)] {
                for node in silent { #expect(await stage.cluster.nodes[node].pause()) }
                // An answer must be due for a silence to be noticed.
                if let lease = try? await stage.locks.acquire(stage.name, ttl: .seconds(50)) {
                    await stage.locks.release(lease)
                }
                try await eventually { stage.locks.votingNodes == (isEnough ? 3 : 2) }
                let (locks, name) = (stage.locks, stage.name)
                let (result, traces) = await Watch.over { await locks.release(try await locks.acquire(name)) }
                #expect(traces.counts.firedTimers.value == 0 && traces.counts.sleeps.value == 0)
                #expect(isEnough == ((try? result.get()) != nil))
            }
        }
    }

    /// A waiter asks its name's home first. While that is silent and nobody has noticed, it costs the node timeout.
    @Test(.timeLimit(.minutes(1))) func aSilentHomeDoesNotHangItsWaiters() async throws {
        try await withFailureStage(configure: { $0.nodeTimeout = .milliseconds(100) }) { stage in
            try await stage.withAnother { another in
                let held = try await another.acquire(stage.name, ttl: .seconds(50))
                try await stage.settle(another)
                let waiter = Task { try await stage.locks.acquire(stage.name, ttl: .seconds(50), wait: .forever) }
                try await eventually { try await stage.witness.listeners(stage.name) == [1, 1, 1, 1, 1] }
                let home = Rendezvous.home(of: stage.name, nodes: 5)
                #expect(await stage.cluster.nodes[home].pause())
                await another.release(held)
                let lease = try await waiter.value
                #expect(lease.token > held.token)
                await stage.locks.release(lease)
            }
        }
    }
}
