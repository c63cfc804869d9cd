import Glibc
import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import LockFaults
import Testing

@testable import HoldfastLocks
@testable import HoldfastRedis

/// Clients that ask a majority first: what they leave at the nodes, and what they do when one of it fails.
@Suite(.serialized) struct AskingTests {
    /// - Parameter hedges: Whether lateness is what the test is about; otherwise nobody counts as late, however slow
    ///   the machine is.
    private func withStage(hedges: Bool = false, _ body: (FailureStage) async throws -> Void) async throws {
        try await withFailureStage(
            maximumTTL: .seconds(600),
            configure: {
                $0.asks = .majority
                // Longer than a test may take: whoever waits for it fails.
                $0.nodeTimeout = .seconds(90)
                for node in $0.nodes.indices { $0.nodes[node].commandTimeout = .seconds(600) }
                if !hedges { $0.shortestHedgeDelay = .seconds(45) }
            }, body)
    }

    private func preferred(_ stage: FailureStage) -> [Int] { Array(Rendezvous.order(of: stage.name, nodes: 5)[..<3]) }

    private func holders(_ stage: FailureStage) async throws -> Set<Int> {
        let owners = try await stage.witness.owners(stage.name)
        return Set(owners.indices.filter { owners[$0] != nil })
    }

    @Test(.timeLimit(.minutes(1))) func aMajorityHoldsTheLockAndTheOthersHearNothing() async throws {
        try await withStage { stage in
            let chosen = preferred(stage)
            var latest = FencingToken(rawValue: 0)
            for _ in 0..<20 {
                let lease = try await stage.locks.acquire(stage.name, ttl: .seconds(50))
                #expect(lease.rounds == 1 && lease.token > latest)
                latest = lease.token
                #expect(lease.holders.map(Set.init) == Set(chosen))
                #expect(try await holders(stage) == Set(chosen))
                await stage.locks.release(lease)
                try await stage.settle()
                #expect(try await holders(stage) == [])
            }
            for node in 0..<5 {
                #expect(try await stage.witness.counter(stage.name, at: node) == (chosen.contains(node) ? 40 : 0))
            }
        }
    }

    /// Each name has a majority of its own, so that all nodes share the work.
    @Test func namesAreSpreadOverTheNodes() throws {
        var counts = Array(repeating: 0, count: 5)
        for number in 0..<5000 {
            for node in Rendezvous.order(of: try LockName("name/\(number)"), nodes: 5)[..<3] { counts[node] += 1 }
        }
        #expect(counts.allSatisfy { (2700...3300).contains($0) }, "\(counts)")
    }

    @Test(.timeLimit(.minutes(2))) func everyMaskOfUnreachableNodes() async throws {
        try await withStage { stage in
            var latest = FencingToken(rawValue: 0)
            for mask in 0..<32 {
                let away = FailureStage.nodes(of: mask)
                for node in away { stage.link(node).cut() }
                try await eventually { stage.locks.votingNodes == 5 - away.count }
                let result = await Self.attempt(stage)
                #expect(((try? result.get()) != nil) == (away.count <= 2), "nodes \(away) away: \(result)")
                if case .success(let lease) = result {
                    #expect(lease.token > latest, "nodes \(away) away")
                    latest = lease.token
                    await stage.locks.release(lease)
                }
                for node in 0..<5 where !away.contains(node) {
                    try await stage.locks.nodes[node].client.send(RedisCommand("PING"))
                }
                #expect(try await holders(stage) == [], "nodes \(away) away")
                for node in away { stage.link(node).heal() }
                try await eventually { stage.locks.votingNodes == 5 }
            }
        }
    }

    private static func attempt(_ stage: FailureStage) async -> Result<Lease, any Error> {
        do { return .success(try await stage.locks.acquire(stage.name, ttl: .seconds(50))) } catch {
            return .failure(error)
        }
    }

    /// Silence costs the first attempt the usual time; whoever comes next asks others.
    @Test(.timeLimit(.minutes(2))) func everyMaskOfASilentMinority() async throws {
        try await withStage(hedges: true) { stage in
            for mask in 1..<32 {
                let silent = FailureStage.nodes(of: mask)
                guard silent.count <= 2 else { continue }
                for node in silent { #expect(await stage.cluster.nodes[node].pause()) }
                let first = try await stage.locks.acquire(stage.name, ttl: .seconds(50))
                await stage.locks.release(first)
                if silent.contains(where: preferred(stage).contains) {
                    #expect(first.holders.map { Set($0).isDisjoint(with: silent) } ?? true, "silent: \(silent)")
                }
                let second = try await stage.locks.acquire(stage.name, ttl: .seconds(50))
                #expect(second.token > first.token)
                await stage.locks.release(second)
                for node in silent { stage.cluster.nodes[node].resume() }
                try await stage.settle()
                #expect(try await holders(stage) == [], "silent: \(silent)")
                // The late are asked again.
                stage.runtime.jump(.seconds(2))
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aNodeThatWasLateIsSparedForAWhile() async throws {
        try await withStage(hedges: true) { stage in
            let late = preferred(stage)[1]
            stage.link(late).hold(replies: true)
            let first = try await stage.locks.acquire(stage.name, ttl: .seconds(50))
            #expect(first.holders == nil)
            await stage.locks.release(first)
            #expect(!stage.locks.nodes[late].isPrompt(at: stage.runtime.now))
            let second = try await stage.locks.acquire(stage.name, ttl: .seconds(50))
            #expect(second.token > first.token)
            await stage.locks.release(second)
            stage.link(late).heal()
            stage.runtime.jump(.seconds(2))
            #expect(stage.locks.nodes[late].isPrompt(at: stage.runtime.now))
            let third = try await stage.locks.acquire(stage.name, ttl: .seconds(50))
            #expect(third.token > second.token)
            await stage.locks.release(third)
            try await stage.settle()
            #expect(try await holders(stage) == [])
        }
    }

    /// Silent from when the lock is held: its release waits for a majority to be free, and there is one.
    @Test(.timeLimit(.minutes(1))) func aReleaseDoesNotWaitForHoldersThatFellSilent() async throws {
        try await withStage { stage in
            let lease = try await stage.locks.acquire(stage.name, ttl: .seconds(50))
            let silent = Array(preferred(stage)[..<2])
            for node in silent { #expect(await stage.cluster.nodes[node].pause()) }
            await stage.locks.release(lease)
            for node in silent { stage.cluster.nodes[node].resume() }
            try await stage.settle()
            #expect(try await holders(stage) == [])
        }
    }

    /// The spread of a lease is hindered by a silent holder, and the next round does without it.
    @Test(.timeLimit(.minutes(1))) func aLeaseSpreadsWithoutAHolderThatFellSilent() async throws {
        try await withStage(hedges: true) { stage in
            try await stage.locks.withLock(stage.name, ttl: .seconds(50)) { lease in
                let silent = preferred(stage)[1]
                #expect(await stage.cluster.nodes[silent].pause())
                try await eventually { lease.renewals > 0 }
                stage.cluster.nodes[silent].resume()
            }
            try await stage.settle()
            #expect(try await holders(stage) == [])
        }
    }

    /// Whoever asks the home alone, and is cancelled while it is silent, has nothing to wait for.
    @Test(.timeLimit(.minutes(1)), arguments: LockClusterConfiguration.Asking.allCases)
    func aSilentHomeDoesNotDelayCancellation(_ asks: LockClusterConfiguration.Asking) async throws {
        try await withStage { stage in
            try await stage.withAnother({ $0.asks = asks }) { locks in
                let home = Rendezvous.home(of: stage.name, nodes: 5)
                #expect(await stage.cluster.nodes[home].pause())
                let request = LockRequest(stage.name, ttl: .seconds(50))
                let attempt = Task { await locks.attempt(request, home: home, willWait: true) }
                try await eventually {
                    try locks.nodes[home].client.link.current().pipeline.outstanding > 0
                }
                attempt.cancel()
                guard case .failure(.cancelled) = await attempt.value else {
                    Issue.record("a silent home granted")
                    return
                }
                stage.cluster.nodes[home].resume()
                try await stage.settle(locks)
                #expect(try await holders(stage) == [])
            }
        }
    }

    /// The home answers later than usual; one of those that are asked behind it does not.
    @Test(.timeLimit(.minutes(1))) func aLateHomeDoesNotUseTheHedgeUp() async throws {
        try await withStage(hedges: true) { stage in
            let home = Rendezvous.home(of: stage.name, nodes: 5)
            let silent = preferred(stage)[1]
            stage.link(home).hold(replies: true)
            stage.link(silent).hold(replies: true)
            let request = LockRequest(stage.name, ttl: .seconds(50))
            let attempt = Task { await stage.locks.attempt(request, home: home, willWait: true) }
            try await eventually { try await stage.witness.owner(stage.name, at: home) != nil }
            // Timers of one strand fire in order: behind this one the attempt's hedge delay is over.
            let delay = stage.locks.nodes[0].rounds.hedgeDelay.current(within: .seconds(50))
            await withCheckedContinuation { continuation in
                _ = stage.locks.nodes[0].client.strand.schedule(after: delay) { continuation.resume() }
            }
            stage.link(home).heal()
            let lease = try await attempt.value.get()
            stage.link(silent).heal()
            await stage.locks.release(lease)
            try await stage.settle()
            #expect(try await holders(stage) == [])
        }
    }

    /// Cancelled when it was decided that more nodes are asked, and none has been: what goes out then must have its
    /// release behind it, not ahead.
    @Test(.timeLimit(.minutes(1)), arguments: LockClusterConfiguration.Asking.allCases)
    func aLateRequestHasItsReleaseBehindIt(_ asks: LockClusterConfiguration.Asking) async throws {
        try await withFailureStage(configure: { $0.asks = asks }) { stage in
            let request = LockRequest(stage.name, ttl: .seconds(50))
            let home = Rendezvous.home(of: stage.name, nodes: 5)
            for _ in 0..<20 {
                let (gate, open) = AsyncStream.makeStream(of: Void.self)
                let attempt = Task {
                    for await _ in gate {}
                    return await stage.locks.attempt(request, home: home, willWait: true)
                }
                stage.runtime.at(LockPoint.asking) {
                    attempt.cancel()
                    // The cancelled attempt gives back meanwhile.
                    usleep(2000)
                }
                open.finish()
                guard case .failure(.cancelled) = await attempt.value else {
                    Issue.record("it was not cancelled")
                    return
                }
                // What was sent late is sent by now, or in this turn.
                try await stage.settle()
                try await stage.settle()
                #expect(try await holders(stage) == [])
            }
        }
    }

    /// Its release must reach also those who were told of it later: without that they would keep it for its TTL.
    @Test(.timeLimit(.minutes(1))) func aLeaseThatLivesOnIsToldToAll() async throws {
        try await withStage { stage in
            try await stage.locks.withLock(stage.name, ttl: .seconds(500)) { lease in
                #expect(lease.holders?.count == 3)
                // Long before the time of its renewal.
                try await eventually { lease.renewals == 1 }
                #expect(lease.holders == nil)
                try await eventually { try await holders(stage).count == 5 }
                // Now it survives the loss of any minority, also of one that was asked first.
                for node in preferred(stage)[..<2] { stage.link(node).cut() }
                try await eventually { stage.locks.votingNodes == 3 }
                try await stage.renew(lease)
                #expect(lease.isValid)
                for node in preferred(stage)[..<2] { stage.link(node).heal() }
                try await eventually { stage.locks.votingNodes == 5 }
            }
            try await stage.settle()
            #expect(try await holders(stage) == [])
        }
    }

    @Test(.timeLimit(.minutes(1))) func whoAsksAllAndWhoAsksAMajorityExcludeEachOther() async throws {
        try await withStage { stage in
            try await stage.withAnother({ $0.asks = .all }) { another in
                var latest = FencingToken(rawValue: 0)
                for turn in 0..<20 {
                    let (mine, other) = turn % 2 == 0 ? (stage.locks, another) : (another, stage.locks)
                    let lease = try await mine.acquire(stage.name, ttl: .seconds(50))
                    #expect(lease.token > latest)
                    latest = lease.token
                    let error = await #expect(throws: LockError.self) { try await other.acquire(stage.name) }
                    guard case .held = error else { return unexpected(error) }
                    await mine.release(lease)
                    try await stage.settle(mine)
                    try await stage.settle(other)
                }
                #expect(try await holders(stage) == [])
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aWaiterIsWokenByTheRelease() async throws {
        try await withStage { stage in
            try await stage.withAnother { another in
                var latest = FencingToken(rawValue: 0)
                for _ in 0..<10 {
                    let held = try await another.acquire(stage.name, ttl: .seconds(50))
                    #expect(held.token > latest)
                    let waiter = Task { try await stage.locks.acquire(stage.name, ttl: .seconds(50), wait: .forever) }
                    try await eventually { try await stage.witness.listeners(stage.name) == [1, 1, 1, 1, 1] }
                    await another.release(held)
                    let lease = try await waiter.value
                    #expect(lease.token > held.token)
                    latest = lease.token
                    await stage.locks.release(lease)
                    try await stage.settle()
                    try await eventually { try await stage.witness.listeners(stage.name) == [0, 0, 0, 0, 0] }
                }
            }
        }
    }

    /// Many locks of many majorities in one turn: each node gets its own steps, in order.
    @Test(.timeLimit(.minutes(1))) func manyLocksAtOnce() async throws {
        try await withStage { stage in
            let names = try (0..<60).map { try LockName("many/\($0)") }
            for _ in 0..<5 {
                let leases = try await withThrowingTaskGroup(of: Lease.self) { group in
                    for name in names { group.addTask { try await stage.locks.acquire(name, ttl: .seconds(50)) } }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(Set(leases.map(\.name)) == Set(names))
                await withTaskGroup(of: Void.self) { group in
                    for lease in leases { group.addTask { await stage.locks.release(lease) } }
                }
                try await stage.settle()
                for name in names { #expect(try await stage.witness.isFree(name)) }
            }
        }
    }
}
