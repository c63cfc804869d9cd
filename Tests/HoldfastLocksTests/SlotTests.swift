import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import Testing

@testable import HoldfastLocks

/// Semaphores.
@Suite(.serialized) struct SlotTests {
    private let name: LockName

    init() throws { name = try LockName("permits") }

    @Test(.timeLimit(.minutes(1))) func exactlyAsManyAsThereAreSlots() async throws {
        try await withLockCluster { _, locks in
            var leases: [Lease] = []
            for _ in 0..<5 { leases.append(try await locks.acquireSlot(of: name, slots: 5, ttl: .seconds(50))) }
            #expect(
                Set(leases.map(\.name)) == Set(try (0..<5).map { slot throws in try LockCluster.slot(slot, of: name) }))
            let error = await #expect(throws: LockError.self) { try await locks.acquireSlot(of: name, slots: 5) }
            guard case .held("permits", let left?, _) = error else { return unexpected(error) }
            #expect(left > .zero && left <= .seconds(50))
            await locks.release(leases[2])
            let next = try await locks.acquireSlot(of: name, slots: 5)
            #expect(next.name == leases[2].name && next.token > leases[2].token)
            for lease in leases + [next] { await locks.release(lease) }
        }
    }

    @Test(.timeLimit(.minutes(2))) func neverMoreThanSlotsAndEveryWaiterIsServed() async throws {
        try await withLockCluster { _, locks in
            let inside = Tally()
            let harm = Tally()
            let served = Tally()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        for _ in 0..<10 {
                            try await locks.withSlot(of: name, slots: 3, wait: .forever) { _ in
                                if inside.add(1) > 3 { harm.add(1) }
                                await Task.yield()
                                inside.add(-1)
                            }
                            served.add(1)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(harm.value == 0 && served.value == 160)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aWaiterIsWokenByAnySlot() async throws {
        try await withLockCluster { _, locks in
            let leases = [
                try await locks.acquireSlot(of: name, slots: 2, ttl: .seconds(50)),
                try await locks.acquireSlot(of: name, slots: 2, ttl: .seconds(50)),
            ]
            for lease in leases {
                async let next = locks.acquireSlot(of: name, slots: 2, ttl: .seconds(50), wait: .forever)
                try await eventually {
                    let channel = RedisArgument(locks.keys.channel(name))
                    return try await locks.onEachNode(RedisCommand("PUBSUB", "NUMSUB", channel))
                        .allSatisfy { $0.array?.last?.integer == 1 }
                }
                await locks.release(lease)
                #expect(try await next.name == lease.name)
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aMinorityOfNodesMayBeDead() async throws {
        try await withLockCluster { cluster, locks in
            await cluster.nodes[0].kill()
            await cluster.nodes[1].kill()
            var leases: [Lease] = []
            for _ in 0..<4 {
                leases.append(try await locks.acquireSlot(of: name, slots: 4, wait: .upTo(.seconds(20))))
            }
            #expect(Set(leases.map(\.name)).count == 4)
            for lease in leases { await locks.release(lease) }
        }
    }

    @Test(.timeLimit(.minutes(1))) func unusableNumbersAreRefused() async throws {
        try await withLockCluster(nodes: 1) { _, locks in
            for slots in [0, -1, LockCluster.maximumSlots + 1] {
                await #expect(throws: LockError.self) { try await locks.acquireSlot(of: name, slots: slots) }
            }
            let long = try LockName(String(repeating: "x", count: LockName.maximumBytes))
            await #expect(throws: LockError.self) { try await locks.acquireSlot(of: long, slots: 2) }
            let all = try await locks.acquireSlot(of: name, slots: LockCluster.maximumSlots)
            await locks.release(all)
        }
    }
}
