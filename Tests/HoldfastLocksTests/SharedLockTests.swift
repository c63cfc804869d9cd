import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import Testing

@testable import HoldfastLocks

/// Readers and writers of one name.
@Suite(.serialized) struct SharedLockTests {
    private let name: LockName

    init() throws { name = try LockName("read and written") }

    private func isMarked(_ locks: LockCluster) async throws -> Bool {
        let command = RedisCommand("ZSCORE", locks.keys.owner(name), "writer")
        return try await locks.onEachNode(command).contains { $0.text != nil }
    }

    @Test(.timeLimit(.minutes(1))) func readersShareAndAWriterExcludes() async throws {
        try await withLockCluster { _, locks in
            let writer = try await locks.acquire(name)
            let kept = await #expect(throws: LockError.self) { try await locks.acquireShared(name) }
            guard case .held = kept else { return unexpected(kept) }
            await locks.release(writer)

            let first = try await locks.acquireShared(name)
            let second = try await locks.acquireShared(name)
            #expect(first.token.rawValue == writer.token.rawValue && second.token == first.token)
            let refused = await #expect(throws: LockError.self) { try await locks.acquire(name) }
            guard case .held(_, let left?, let nodes) = refused else {
                return unexpected(refused)
            }
            #expect(left > .zero)
            #expect(nodes.contains { if case .heldByReaders = $0 { true } else { false } })
            #expect(try await !isMarked(locks), "who does not wait leaves no mark")

            await locks.release(first)
            await #expect(throws: LockError.self) { try await locks.acquire(name) }
            await locks.release(second)
            let next = try await locks.acquire(name)
            #expect(next.token.rawValue > second.token.rawValue)
            await locks.release(next)
            let kinds = try await locks.onEachNode(RedisCommand("EXISTS", locks.keys.owner(name)))
            #expect(kinds.allSatisfy { $0.integer == 0 }, "nothing is left behind")
        }
    }

    @Test(.timeLimit(.minutes(1))) func aReaderSeesTheTokenOfEveryWriterBeforeItAlsoWhenCountersDiffer() async throws {
        try await withLockCluster { _, locks in
            for turn in 0..<20 {
                let writer = try await locks.acquire(name)
                await locks.release(writer)
                // Counters of a minority that are ahead, as after attempts that failed.
                let ahead = locks.nodes[turn % 5].client
                try await ahead.send(RedisCommand("INCRBY", locks.keys.counter(name), "3"))
                let reader = try await locks.acquireShared(name)
                #expect(reader.token.rawValue >= writer.token.rawValue)
                let stored = try await locks.onEachNode(RedisCommand("GET", locks.keys.counter(name)))
                let knowing = stored.count { ($0.integer ?? 0) >= reader.token.rawValue }
                #expect(knowing >= 3, "a majority stores what the reader has seen: the next writer will be above")
                await locks.release(reader)
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aWaitingWriterIsNotOvertaken() async throws {
        try await withLockCluster { _, locks in
            let reader = try await locks.acquireShared(name, ttl: .seconds(50))
            async let writer = locks.acquire(name, ttl: .seconds(50), wait: .forever)
            try await eventually { try await isMarked(locks) }
            let refused = await #expect(throws: LockError.self) { try await locks.acquireShared(name) }
            guard case .held(_, _, let nodes) = refused else { return unexpected(refused) }
            #expect(nodes.contains { if case .writerWaits = $0 { true } else { false } })
            // The readers that wait behind it come after it.
            let late = Task { try await locks.acquireShared(name, ttl: .seconds(50), wait: .forever) }
            await locks.release(reader)
            let written = try await writer
            await locks.release(written)
            let follower = try await late.value
            #expect(follower.token.rawValue >= written.token.rawValue)
            await locks.release(follower)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aWriterThatGivesUpLetsReadersIn() async throws {
        try await withLockCluster { _, locks in
            let reader = try await locks.acquireShared(name, ttl: .seconds(50))
            let writer = Task { try await locks.acquire(name, ttl: .seconds(50), wait: .forever) }
            try await eventually { try await isMarked(locks) }
            writer.cancel()
            await #expect(throws: LockError.self) { try await writer.value }
            #expect(try await !isMarked(locks))
            await locks.release(try await locks.acquireShared(name))
            await locks.release(reader)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aDeadWritersMarkLapses() async throws {
        try await withLockCluster { _, locks in
            let reader = try await locks.acquireShared(name, ttl: .seconds(50))
            for node in locks.nodes {
                let runID = try node.client.serverInfo().runID
                let keys = [locks.keys.owner(name), locks.keys.counter(name), locks.keys.node]
                let reply = try await node.client.run(
                    LockScripts.grant, keys: keys, arguments: ["dead", 10_000, 300, RedisArgument(runID)])
                #expect(reply.array?.first?.integer == -3)
            }
            await locks.release(reader)
            let next = try await locks.acquireShared(name, wait: .forever)
            await locks.release(next)
            // A mark that is left alone does not keep a writer out either.
            await locks.release(try await locks.acquire(name))
        }
    }

    @Test(.timeLimit(.minutes(1))) func aReaderThatDiedHoldsWritersUpForItsOwnTTLOnly() async throws {
        try await withLockCluster { _, locks in
            let long = try await locks.acquireShared(name, ttl: .seconds(50))
            _ = try await locks.acquireShared(name, ttl: .milliseconds(200))
            await locks.release(long)
            let writer = try await locks.acquire(name, wait: .forever)
            await locks.release(writer)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aReadersLeaseIsRenewedAlsoWhileAWriterWaits() async throws {
        try await withLockCluster { _, locks in
            let writer = try await locks.withSharedLock(name, ttl: .milliseconds(300)) { lease in
                let writer = Task { try await locks.acquire(name, ttl: .seconds(20), wait: .forever) }
                try await eventually { lease.renewals >= 8 }
                #expect(lease.isValid)
                return writer
            }
            await locks.release(try await writer.value)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aReaderHearsThatAWriterTookTheLock() async throws {
        try await withLockCluster { _, locks in
            let error = await #expect(throws: LockError.self) {
                try await locks.withSharedLock(name, ttl: .milliseconds(600)) { _ in
                    for node in locks.nodes {
                        try await node.client.send(
                            RedisCommand("SET", locks.keys.owner(name), "a writer", "PX", "60000"))
                    }
                    try await locks.runtime.sleep(for: .seconds(3600))
                }
            }
            guard case .lost = error else { return unexpected(error) }
            let owners = try await locks.onEachNode(RedisCommand("GET", locks.keys.owner(name)))
            #expect(owners.allSatisfy { $0.text == "a writer" })
        }
    }

    @Test(.timeLimit(.minutes(2))) func manyReadersAndWritersNeverMeet() async throws {
        try await withLockCluster { _, locks in
            let readers = Tally()
            let writers = Tally()
            let harm = Tally()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<12 {
                    group.addTask {
                        for _ in 0..<20 {
                            if task % 3 == 0 {
                                try await locks.withLock(name, wait: .forever) { _ in
                                    if writers.add(1) != 1 || readers.value != 0 { harm.add(1) }
                                    await Task.yield()
                                    writers.add(-1)
                                }
                            } else {
                                try await locks.withSharedLock(name, wait: .forever) { _ in
                                    readers.add(1)
                                    if writers.value != 0 { harm.add(1) }
                                    await Task.yield()
                                    readers.add(-1)
                                }
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(harm.value == 0)
        }
    }

    @Test(.timeLimit(.minutes(1))) func readersAreListedEach() async throws {
        try await withLockCluster(label: "a test") { cluster, locks in
            let first = try await locks.acquireShared(name)
            let second = try await locks.acquireShared(name)
            let held = try await LockCluster.held(locks.configuration)
            #expect(held.locks.map(\.owner) == [first.owner, second.owner].sorted())
            #expect(held.locks.allSatisfy { $0.mode == .shared && $0.isHeld && $0.label == "a test" })
            await locks.release(first)
            await locks.release(second)
        }
    }
}
