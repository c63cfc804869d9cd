import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import Synchronization
import Testing

@testable import HoldfastLocks

/// What a holder can ask for beyond the plain lock.
@Suite(.serialized) struct HoldingTests {
    private let name: LockName
    private let other: LockName

    init() throws {
        name = try LockName("held")
        other = try LockName("another")
    }

    @Test(.timeLimit(.minutes(1))) func nobodyHoldsLongerThanIsAllowed() async throws {
        try await withLockCluster { _, locks in
            let error = await #expect(throws: LockError.self) {
                try await locks.withLock(name, ttl: .milliseconds(300), holdAtMost: .seconds(1)) { _ in
                    try await locks.runtime.sleep(for: .seconds(3600))
                }
            }
            guard case .lost(_, _, let reason) = error else { return unexpected(error) }
            #expect(reason.contains("as long as was allowed"))
            await locks.release(try await locks.acquire(name))
        }
    }

    @Test(.timeLimit(.minutes(1))) func aLossIsToldWhenItIsDeclaredAndOnce() async throws {
        let (losses, told) = AsyncStream.makeStream(of: Void.self)
        let count = Tally()
        try await withLockCluster(
            observer: { event in
                guard case .lost = event else { return }
                count.add(1)
                told.yield()
            }
        ) { _, locks in
            await #expect(throws: LockError.self) {
                try await locks.withLock(name, ttl: .milliseconds(600)) { _ in
                    for node in locks.nodes { try await node.client.send(RedisCommand("FLUSHALL")) }
                    // A holder that does not listen to its cancellation: it is told of while it goes on.
                    await Task { for await _ in losses { break } }.value
                }
            }
            #expect(count.value == 1)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aTaskReentersItsOwnLock() async throws {
        let acquired = Tally()
        try await withLockCluster(observer: { if case .acquired = $0 { acquired.add(1) } }) { _, locks in
            let tokens = try await locks.withLock(name) { outer in
                try await locks.withLock(other) { _ in
                    async let child = locks.withLock(name, reentrant: true) { $0.token }
                    let shared = try await locks.withSharedLock(name, reentrant: true) { $0.token.rawValue }
                    let inner = try await child
                    await #expect(throws: LockError.self, "without asking for it") { try await locks.acquire(name) }
                    return [outer.token.rawValue, inner.rawValue, shared]
                }
            }
            #expect(Set(tokens).count == 1)
            #expect(acquired.value == 2)
            try await locks.withLock(name, reentrant: true) { _ in }
            #expect(acquired.value == 3, "what nobody holds is acquired")
        }
    }

    @Test(.timeLimit(.minutes(1))) func whatWouldWaitForItselfIsRefused() async throws {
        try await withLockCluster { _, locks in
            try await locks.withLock(name) { _ in
                _ = await #expect(throws: LockError.self) {
                    try await locks.withLocks([name, other], wait: .forever, reentrant: true) { _ in }
                }
            }
            try await locks.withSharedLock(name) { _ in
                _ = await #expect(throws: LockError.self) {
                    try await locks.withLock(name, wait: .forever, reentrant: true) { _ in }
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aLostLeaseIsNotReentered() async throws {
        try await withLockCluster { _, locks in
            let entered = Tally()
            let refused = Tally()
            await #expect(throws: LockError.self) {
                try await locks.withLock(name) { lease in
                    lease.lose("for the test")
                    do { _ = try await locks.withLock(name, reentrant: true) { _ in entered.add(1) } } catch {
                        refused.add(1)
                    }
                }
            }
            #expect(entered.value == 0 && refused.value == 1)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aTaskThatOutlivesTheScopeAcquiresAnew() async throws {
        try await withLockCluster { _, locks in
            let (ended, end) = AsyncStream.makeStream(of: Void.self)
            let (outer, late) = try await locks.withLock(name) { lease in
                let late = Task {
                    for await _ in ended {}
                    return try await locks.withLock(name, wait: .forever, reentrant: true) { $0.token }
                }
                return (lease.token, late)
            }
            end.finish()
            #expect(try await late.value > outer)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aClosedClusterEndsEveryWait() async throws {
        try await withLockCluster { _, locks in
            let lease = try await locks.acquire(name, ttl: .seconds(50))
            let waiter = Task { try await locks.acquire(name, ttl: .seconds(50), wait: .forever) }
            try await eventually {
                let channel = RedisArgument(locks.keys.channel(name))
                return try await locks.onEachNode(RedisCommand("PUBSUB", "NUMSUB", channel))
                    .allSatisfy { $0.array?.last?.integer == 1 }
            }
            await locks.close()
            await #expect(throws: LockError.self) { try await waiter.value }
            #expect(lease.isValid, "what is held stays so until it expires")
        }
    }

    @Test(.timeLimit(.minutes(1))) func aNodeThatCountedBeyondTheTokenIsNotRenewed() async throws {
        try await withLockCluster { _, locks in
            let lease = try await locks.acquire(name, ttl: .seconds(30))
            let keys = [locks.keys.owner(name), locks.keys.counter(name), locks.keys.node]
            let client = locks.nodes[0].client
            let arguments: [RedisArgument] = [
                RedisArgument(lease.owner), RedisArgument(lease.token.rawValue), 30_000,
                RedisArgument(try client.serverInfo().runID),
            ]
            let renewed = try await client.run(LockScripts.extend, keys: keys, arguments: arguments)
            #expect(renewed == .integer(0))
            try await client.send(RedisCommand("INCR", keys[1]))
            let refused = try await client.run(LockScripts.extend, keys: keys, arguments: arguments)
            #expect(refused.array?.first?.integer == 0)
            await locks.release(lease)
        }
    }

    @Test func aLabelIsChecked() throws {
        for label in ["line\nbreak", String(repeating: "x", count: 129)] {
            var configuration = try LockClusterConfiguration(urls: ["redis://127.0.0.1:1"])
            configuration.label = label
            #expect(throws: LockError.self) { try configuration.validate() }
        }
    }
}
