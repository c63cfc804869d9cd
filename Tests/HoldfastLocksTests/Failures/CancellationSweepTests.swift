import HoldfastRedis
import HoldfastRuntime
import LockFaults
import Synchronization
import Testing

@testable import HoldfastLocks
@testable import HoldfastRedis

/// Cancels an operation at its first step, at its second, and so on until it gets through. After each there is no key,
/// no task, no timer, no listener and no unanswered request left.
@Suite(.serialized) struct CancellationSweepTests {
    private final class Victim: Sendable {
        private let task = Mutex<Task<Void, any Error>?>(nil)

        func set(_ task: Task<Void, any Error>) { self.task.withLock { $0 = task } }

        func cancel() { task.withLock { $0 }?.cancel() }
    }

    /// - Parameters:
    ///   - prepare: Before each run; what it returns is undone by `tidy`.
    ///   - operation: Must hold nothing when it returns or throws.
    private func sweep<Prepared: Sendable>(
        _ stage: FailureStage, prepare: () async throws -> Prepared,
        meanwhile: (Prepared) async throws -> Void = { _ in },
        _ operation: @escaping @Sendable () async throws -> Void
    ) async throws -> Int {
        var step = 0
        var wasReached = true
        while wasReached {
            step += 1
            let prepared = try await prepare()
            let victim = Victim()
            let (gate, open) = AsyncStream.makeStream(of: Void.self)
            let (result, traces) = await Watch.over { [step] in
                let task = Task {
                    for await _ in gate {}
                    try await operation()
                }
                victim.set(task)
                Step.at(step) { victim.cancel() }
                open.finish()
                return task
            }
            let task = try result.get()
            try await meanwhile(prepared)
            let outcome = await task.result
            wasReached = Step.stop()
            switch outcome {
            case .success: break
            case .failure(LockError.cancelled), .failure(is CancellationError): #expect(wasReached)
            case .failure(let error): Issue.record("step \(step): \(error)")
            }
            try await expectNothingLeft(stage, traces, step)
        }
        return step
    }

    private func expectNothingLeft(_ stage: FailureStage, _ traces: Watch.Traces, _ step: Int) async throws {
        try await stage.settle()
        for name in [stage.name, try LockName("another lock")] {
            #expect(try await stage.witness.isFree(name), "step \(step): a key of \(name) is left")
        }
        #expect(stage.locks.turnstile.names == 0, "step \(step): somebody still stands in line")
        #expect(traces.counts.liveTimers.value == 0, "step \(step): a timer is left")
        let limits = stage.locks.nodes[0].rounds.deadlines.count
        #expect(limits == 0, "step \(step): a round is left")
        // A task that has ended is let go of a moment later, and a listener goes with its reader.
        try await eventually { !traces.hasTasks }
        try await eventually { try await stage.witness.listeners(stage.name).allSatisfy { $0 == 0 } }
        try await eventually {
            try stage.locks.nodes.allSatisfy { try $0.client.link.current().pipeline.outstanding == 0 }
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: [false, true], LockClusterConfiguration.Asking.allCases)
    func anAcquisitionAndItsRelease(_ isUnequal: Bool, _ asks: LockClusterConfiguration.Asking) async throws {
        // Nobody is late, for each hedge would be steps of its own.
        let configure = { (configuration: inout LockClusterConfiguration) in
            configuration.asks = asks
            configuration.shortestHedgeDelay = .seconds(25)
        }
        try await withFailureStage(configure: configure) { stage in
            let (locks, name) = (stage.locks, stage.name)
            let steps = try await sweep(
                stage,
                prepare: { if isUnequal { try await stage.witness.spreadCounters(name) } }
            ) {
                let lease = try await locks.acquire(name, ttl: .seconds(50))
                #expect(!isUnequal || lease.rounds == 2)
                await locks.release(lease)
            }
            #expect(steps > 20, "the steps were not seen")
        }
    }

    @Test(.timeLimit(.minutes(1))) func aRefusedAcquisition() async throws {
        try await withFailureStage { stage in
            let (locks, name, keys) = (stage.locks, stage.name, stage.witness.keys)
            let steps = try await sweep(stage, prepare: {}) {
                // Taken at a majority, so that the rest is granted and has to be given back.
                for node in 0..<3 {
                    let key = keys.owner(name)
                    try await stage.witness.send(node, RedisCommand("SET", key, "another", "PX", "50000"))
                }
                let refused: (any Error)?
                do {
                    await locks.release(try await locks.acquire(name, ttl: .seconds(50)))
                    refused = nil
                } catch { refused = error }
                // Looked at in tasks of their own, for this one may be cancelled.
                let owners = try await Task { try await stage.witness.owners(name, at: [0, 1, 2]) }.value
                #expect(owners.allSatisfy { $0 == "another" })
                try await Task { try await stage.witness.expire(name, at: [0, 1, 2]) }.value
                if case LockError.held? = refused { return }
                if let refused { throw refused }
                Issue.record("granted over another's lock")
            }
            #expect(steps > 10, "the steps were not seen")
        }
    }

    /// A wait for what another client holds when it begins.
    private func sweepWait<Held: Sendable>(
        _ stage: FailureStage, _ another: LockCluster,
        hold: @escaping @Sendable (LockName) async throws -> Held, release: @escaping @Sendable (Held) async -> Void
    ) async throws {
        let (locks, name) = (stage.locks, stage.name)
        let steps = try await sweep(
            stage,
            prepare: {
                let lease = try await hold(name)
                try await stage.settle(another)
                return lease
            },
            meanwhile: { lease in
                // Freed when the other waits for it, or has gone.
                try await eventually {
                    let heard = try await stage.witness.listeners(name)
                    return heard.allSatisfy { $0 == 1 } || locks.turnstile.names == 0
                }
                await release(lease)
                try await stage.settle(another)
            }
        ) {
            let lease = try await locks.acquire(name, ttl: .seconds(50), wait: .forever)
            await locks.release(lease)
        }
        #expect(steps > 30, "the steps were not seen")
    }

    @Test(.timeLimit(.minutes(2))) func aWaitForAnothersRelease() async throws {
        try await withFailureStage { stage in
            try await stage.withAnother { another in
                try await sweepWait(
                    stage, another, hold: { try await another.acquire($0, ttl: .seconds(50), wait: .forever) },
                    release: { await another.release($0) })
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func severalNamesAtOnce() async throws {
        try await withFailureStage { stage in
            let locks = stage.locks
            let names = [stage.name, try LockName("another lock")]
            let steps = try await sweep(stage, prepare: {}) {
                await locks.release(try await locks.acquire(all: names, ttl: .seconds(50)))
            }
            #expect(steps > 20, "the steps were not seen")
        }
    }

    /// Its mark keeps new readers out, so that it must go with it.
    @Test(.timeLimit(.minutes(2))) func aWriterThatWaitsForReaders() async throws {
        try await withFailureStage { stage in
            try await stage.withAnother { another in
                try await sweepWait(
                    stage, another, hold: { try await another.acquireShared($0, ttl: .seconds(50), wait: .forever) },
                    release: { await another.release($0) })
            }
        }
    }

    @Test(.timeLimit(.minutes(2))) func aScopeThatRenews() async throws {
        try await withFailureStage { stage in
            let (locks, name) = (stage.locks, stage.name)
            // A renewal's limit is nearer than that of other rounds: the cluster's timer for limits is set anew, once.
            try await locks.withLock(name, ttl: .seconds(30)) { try await stage.renew($0) }
            let steps = try await sweep(stage, prepare: {}) {
                try await locks.withLock(name, ttl: .seconds(30)) { try await stage.renew($0) }
            }
            #expect(steps > 30, "the steps were not seen")
        }
    }
}
