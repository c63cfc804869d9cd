import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import Synchronization
import Testing

@testable import HoldfastLocks

/// Several names as one lock.
@Suite(.serialized) struct SeveralNamesTests {
    private let names: [LockName]

    init() throws { names = try ["c", "a", "b"].map { text throws in try LockName(text) } }

    @Test(.timeLimit(.minutes(1))) func allOrNone() async throws {
        try await withLockCluster { _, locks in
            let one = try await locks.acquire(names[2])
            let error = await #expect(throws: LockError.self) { try await locks.acquire(all: names) }
            guard case .held(let text, _, _) = error else { return unexpected(error) }
            #expect(text == "a, b, c")
            for name in names where name != names[2] {
                let taken = try await locks.onEachNode(RedisCommand("EXISTS", locks.keys.owner(name)))
                #expect(taken.allSatisfy { $0.integer == 0 }, "\(name) was taken without the others")
            }
            await locks.release(one)
            let all = try await locks.acquire(all: names + names)
            #expect(all.names.map(\.text) == ["a", "b", "c"] && all.token > one.token)
            for name in names { await #expect(throws: LockError.self) { try await locks.acquire(name) } }
            await locks.release(all)
            for name in names {
                let next = try await locks.acquire(name)
                #expect(next.token > all.token && next.rounds == 1)
                await locks.release(next)
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func theTokenIsAboveEveryNamesOwn() async throws {
        try await withLockCluster { _, locks in
            var latest = FencingToken(rawValue: 0)
            for turn in 0..<12 {
                let lease = try await locks.acquire(names[turn % 3 == 0 ? 0 : 1])
                latest = max(latest, lease.token)
                await locks.release(lease)
            }
            let all = try await locks.acquire(all: names)
            #expect(all.token > latest)
            await locks.release(all)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aWaiterIsWokenByWhicheverNameHeldItUp() async throws {
        try await withLockCluster { _, locks in
            for name in names {
                let one = try await locks.acquire(name, ttl: .seconds(50))
                async let all = locks.acquire(all: names, ttl: .seconds(50), wait: .forever)
                try await eventually {
                    let channel = RedisArgument(locks.keys.channel(name))
                    return try await locks.onEachNode(RedisCommand("PUBSUB", "NUMSUB", channel))
                        .allSatisfy { $0.array?.last?.integer == 1 }
                }
                await locks.release(one)
                await locks.release(try await all)
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func itIsRenewedAsAWholeAndLostWithOneName() async throws {
        try await withLockCluster { _, locks in
            try await locks.withLocks(names, ttl: .milliseconds(300)) { lease in
                try await eventually { lease.renewals >= 5 }
            }
            let error = await #expect(throws: LockError.self) {
                try await locks.withLocks(names, ttl: .milliseconds(600)) { _ in
                    for node in locks.nodes {
                        try await node.client.send(
                            RedisCommand("SET", locks.keys.owner(names[0]), "a thief", "PX", "60000"))
                    }
                    try await locks.runtime.sleep(for: .seconds(3600))
                }
            }
            guard case .lost = error else { return unexpected(error) }
            let others = try await locks.onEachNode(RedisCommand("EXISTS", locks.keys.owner(names[1])))
            #expect(others.allSatisfy { $0.integer == 0 }, "what was still held was freed")
        }
    }

    /// Tokens of each name, in the order of its tenures.
    private final class Tenures: Sendable {
        private let last = Mutex<[LockName: (token: FencingToken, isOpen: Bool)]>([:])
        let harm = Tally()

        func open(_ names: [LockName], _ token: FencingToken) {
            last.withLock { last in
                for name in names {
                    if let before = last[name], before.isOpen || before.token >= token { harm.add(1) }
                    last[name] = (token, true)
                }
            }
        }

        func close(_ names: [LockName]) {
            last.withLock { last in for name in names { last[name]?.isOpen = false } }
        }
    }

    @Test(.timeLimit(.minutes(2))) func overlappingSetsExcludeEachOtherAndNeverDeadlock() async throws {
        try await withLockCluster { _, locks in
            let tenures = Tenures()
            let sets = [[0], [1], [0, 1], [1, 2], [2, 0], [0, 1, 2]].map { $0.map { names[$0] } }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<12 {
                    group.addTask {
                        for turn in 0..<15 {
                            let wanted = sets[(task + turn) % sets.count]
                            try await locks.withLocks(wanted, wait: .forever) { lease in
                                tenures.open(lease.names, lease.token)
                                await Task.yield()
                                tenures.close(lease.names)
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(tenures.harm.value == 0)
        }
    }

    @Test(.timeLimit(.minutes(1))) func noNamesAndTooManyAreRefused() async throws {
        try await withLockCluster(nodes: 1) { _, locks in
            let many = try (0...LockRequest.maximumNames).map { number throws in try LockName("name \(number)") }
            for wanted in [[], many] {
                await #expect(throws: LockError.self) { try await locks.acquire(all: wanted) }
            }
            await locks.release(try await locks.acquire(all: Array(many.dropLast())))
        }
    }
}
