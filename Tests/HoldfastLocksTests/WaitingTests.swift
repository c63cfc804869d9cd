import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import Testing

@testable import HoldfastLocks

@Suite struct ReleaseBellTests {
    private let strand = NIOTransport().makeStrand()
    private let long = Duration.seconds(3600)

    @Test(.timeLimit(.minutes(1))) func itRingsAtTheHomesWord() async {
        let bell = ReleaseBell(home: 2, enough: 3)
        bell.hear(2)
        await bell.wait(atMost: long, strand)
    }

    @Test(.timeLimit(.minutes(1))) func itRingsAtAMajoritysWordAndNotAtAMinoritys() async {
        let bell = ReleaseBell(home: 2, enough: 3)
        bell.hear(0)
        bell.hear(0)
        bell.hear(1)
        await bell.wait(atMost: .milliseconds(1), strand)
        bell.hear(4)
        await bell.wait(atMost: long, strand)
    }

    @Test(.timeLimit(.minutes(1))) func whatWasHeardBeforeAnAttemptDoesNotWakeAfterIt() async {
        let bell = ReleaseBell(home: 0, enough: 2)
        bell.hear(0)
        bell.rearm()
        // It ends by itself only: nothing rings.
        await bell.wait(atMost: .milliseconds(1), strand)
        async let waiting: Void = bell.wait(atMost: long, strand)
        bell.hear(0)
        await waiting
    }

    @Test(.timeLimit(.minutes(1))) func aCancelledWaiterLeaves() async {
        let bell = ReleaseBell(home: 0, enough: 2)
        let strand = strand
        let waiter = Task { await bell.wait(atMost: .seconds(3600), strand) }
        waiter.cancel()
        await waiter.value
    }
}

@Suite struct TurnstileTests {
    private let strand = NIOTransport().makeStrand()

    @Test(.timeLimit(.minutes(1))) func oneAtATimeAndNobodyIsLeftBehind() async throws {
        let turnstile = Turnstile()
        let name = "n"
        let strand = strand
        let inside = Tally()
        let passed = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    await turnstile.pass(name, atMost: nil, strand) {
                        let alone = inside.add(1) == 1
                        await Task.yield()
                        inside.add(-1)
                        return alone
                    } ?? false
                }
            }
            var passed = 0
            for await alone in group where alone { passed += 1 }
            return passed
        }
        #expect(passed == 100 && turnstile.names == 0)
    }

    @Test(.timeLimit(.minutes(1))) func whoGivesUpInTheLineHoldsNobodyUp() async throws {
        let turnstile = Turnstile()
        let name = "n"
        let strand = strand
        let alarm = Alarm()
        async let first = turnstile.pass(name, atMost: nil, strand) { await alarm.wait(atMost: nil, strand) }
        while turnstile.names == 0 { await Task.yield() }
        let late = await turnstile.pass(name, atMost: .milliseconds(1), strand) { true }
        #expect(late == nil)
        let cancelled = Task { await turnstile.pass(name, atMost: nil, strand) { true } }
        cancelled.cancel()
        #expect(await cancelled.value == nil)
        async let last = turnstile.pass(name, atMost: nil, strand) { true }
        alarm.ring()
        #expect(await first == true)
        #expect(await last == true)
        #expect(turnstile.names == 0)
    }
}

@Suite struct HomeTests {
    @Test func everyNodeIsTheHomeOfAFairShareOfNames() throws {
        var counts = Array(repeating: 0, count: 5)
        for number in 0..<5000 { counts[Rendezvous.home(of: try LockName("name/\(number)"), nodes: 5)] += 1 }
        #expect(counts.allSatisfy { (800...1200).contains($0) }, "\(counts)")
    }

    @Test func aLostNodeMovesOnlyTheNamesThatLivedThere() throws {
        for number in 0..<1000 {
            let name = try LockName("name/\(number)")
            let before = Rendezvous.home(of: name, nodes: 5)
            if before != 4 { #expect(Rendezvous.home(of: name, nodes: 4) == before) }
        }
    }
}

/// Waiting on real nodes.
@Suite(.serialized) struct WaitingTests {
    private func listeners(_ locks: LockCluster, _ name: LockName) async throws -> [Int64] {
        var counts: [Int64] = []
        for node in locks.nodes {
            let channel = RedisArgument(locks.keys.channel(name))
            let reply = try await node.client.send(RedisCommand("PUBSUB", "NUMSUB", channel))
            counts.append(reply.array?.last?.integer ?? 0)
        }
        return counts
    }

    @Test(.timeLimit(.minutes(1))) func aWaiterListensAtEveryNodeAndGoesWhenItHasTheLock() async throws {
        try await withLockCluster { _, locks in
            let name = try LockName("queue")
            let holder = try await locks.acquire(name, ttl: .seconds(50))
            async let next = locks.acquire(name, ttl: .seconds(50), wait: .forever)
            try await eventually { try await listeners(locks, name) == [1, 1, 1, 1, 1] }
            await locks.release(holder)
            let lease = try await next
            #expect(lease.token > holder.token)
            try await eventually { try await listeners(locks, name) == [0, 0, 0, 0, 0] }
            await locks.release(lease)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aMissedMessageHangsNobody() async throws {
        try await withLockCluster { _, locks in
            let name = try LockName("silent")
            let holder = try await locks.acquire(name, ttl: .seconds(50))
            async let next = locks.acquire(name, ttl: .seconds(50), wait: .forever)
            try await eventually { try await listeners(locks, name) == [1, 1, 1, 1, 1] }
            // Freed without a word, as by expiry.
            for node in locks.nodes { try await node.client.send(RedisCommand("DEL", locks.keys.owner(name))) }
            let lease = try await next
            #expect(lease.token > holder.token)
            await locks.release(lease)
        }
    }

    @Test(.timeLimit(.minutes(2))) func aCrowdIsServedAlsoWhenTheHomeIsDead() async throws {
        try await withLockCluster { cluster, locks in
            let name = try LockName("crowd")
            await cluster.nodes[Rendezvous.home(of: name, nodes: 5)].kill()
            let tokens = try await withThrowingTaskGroup(of: FencingToken.self) { group in
                for _ in 0..<12 {
                    group.addTask {
                        try await locks.withLock(name, ttl: .seconds(5), wait: .forever) { lease in
                            await Task.yield()
                            return lease.token
                        }
                    }
                }
                var tokens: [FencingToken] = []
                for try await token in group { tokens.append(token) }
                return tokens
            }
            #expect(Set(tokens).count == 12)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aWaitEndsAtItsLimitAndWhenItIsCancelled() async throws {
        try await withLockCluster { _, locks in
            let name = try LockName("taken")
            let holder = try await locks.acquire(name, ttl: .seconds(50))
            let error = await #expect(throws: LockError.self) {
                try await locks.acquire(name, ttl: .seconds(5), wait: .upTo(.milliseconds(100)))
            }
            guard case .held = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            let waiter = Task { try await locks.acquire(name, ttl: .seconds(5), wait: .forever) }
            try await eventually { try await listeners(locks, name).reduce(0, +) == 5 }
            waiter.cancel()
            await #expect(throws: LockError.cancelled(name: "taken")) { try await waiter.value }
            await locks.release(holder)
        }
    }
}
