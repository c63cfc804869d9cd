import Foundation
import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import Synchronization
import Testing

@testable import HoldfastLocks

/// Counters of idle names are dropped, and no token ever comes again.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ForgetTests {
    private func withLocks(
        nodes: Int = 3, _ body: (LocalCluster, LockCluster, LockClusterConfiguration) async throws -> Void
    ) async throws {
        try await withTemporaryCluster(nodes: nodes, stores: 0) { cluster in
            let configuration = try LockClusterConfiguration(urls: cluster.nodeURLs)
            _ = try await LockCluster.initialize(configuration)
            let locks = try await LockCluster.connect(configuration, patience: .seconds(20))
            while locks.votingNodes < nodes { try await LiveRuntime().sleep(for: .milliseconds(10)) }
            do { try await body(cluster, locks, configuration) } catch {
                await locks.close()
                throw error
            }
            await locks.close()
        }
    }

    /// Acquires and releases, and waits until no node keeps the lock.
    @discardableResult
    private func cycle(_ locks: LockCluster, _ name: LockName) async throws -> Lease {
        let lease = try await locks.acquire(name, wait: .forever)
        await locks.release(lease)
        for node in locks.nodes {
            while try await node.client.send(RedisCommand("GET", locks.keys.owner(name))).text == lease.owner {}
        }
        return lease
    }

    private func forget(
        _ locks: LockCluster, _ name: LockName, on node: Int, _ script: RedisScript = LockScripts.forget
    ) async throws -> [Int64] {
        let client = locks.nodes[node].client
        let reply = try await client.run(
            script, keys: [locks.keys.owner(name), locks.keys.counter(name), locks.keys.node],
            arguments: [0, RedisArgument(try client.serverInfo().runID)])
        return (reply.array ?? []).compactMap(\.integer)
    }

    private final class Log: Sendable {
        private let tokens = Mutex<[LockName: [FencingToken]]>([:])

        var all: [LockName: [FencingToken]] { tokens.withLock { $0 } }

        func append(_ name: LockName, _ token: FencingToken) { tokens.withLock { $0[name, default: []].append(token) } }
    }

    @Test func tokensGrowWhileAllThatIsFreeIsForgottenAgainAndAgain() async throws {
        try await withLocks { _, locks, configuration in
            let names = try ["a", "b", "c"].map { try LockName($0) }
            let log = Log()
            let working = Tally()
            working.add(6)
            let forgotten = try await withThrowingTaskGroup(of: Int.self) { group in
                for worker in 0..<6 {
                    group.addTask {
                        defer { working.add(-1) }
                        for _ in 0..<30 {
                            try await locks.withLock(names[worker % 3], wait: .forever) { lease in
                                log.append(lease.name, lease.token)
                            }
                        }
                        return 0
                    }
                }
                group.addTask {
                    var forgotten = 0
                    while working.value > 0 {
                        let sweep = try await LockCluster.forgetIdle(configuration, olderThan: .zero)
                        #expect(sweep.nodes.allSatisfy { $0.failure == nil })
                        forgotten += sweep.nodes.map(\.forgotten).reduce(0, +)
                    }
                    return forgotten
                }
                return try await group.reduce(0, +)
            }
            #expect(forgotten > 0)
            for (name, tokens) in log.all {
                #expect(tokens.count == 60)
                #expect(zip(tokens, tokens.dropFirst()).allSatisfy { $0 < $1 }, "\(name): \(tokens)")
            }
        }
    }

    @Test func withoutTheFloorATokenComesAgain() async throws {
        try await withLocks { _, locks, _ in
            let name = try LockName("a")
            let first = try await cycle(locks, name).token
            for node in 0..<3 { #expect(try await forget(locks, name, on: node) == [1, first.rawValue]) }
            let second = try await cycle(locks, name).token
            #expect(second > first)

            let raise = LockScripts.raiseFloor
            try #require(LockScripts.forget.source.contains(raise), "the script has changed: mend the mutation")
            let mutant = RedisScript(name: "mutant", LockScripts.forget.source.replacing(raise, with: ""))
            for node in 0..<3 { #expect(try await forget(locks, name, on: node, mutant)[0] == 1) }
            let third = try await cycle(locks, name).token
            #expect(third == second, "the violation that the floor prevents")
        }
    }

    @Test func aHeldLocksCounterStaysAndANodeThatMayNotVoteIsLeftAlone() async throws {
        try await withLocks { cluster, locks, configuration in
            let name = try LockName("held")
            let lease = try await locks.acquire(name, ttl: .seconds(20))
            for node in locks.nodes {
                while try await node.client.send(RedisCommand("GET", locks.keys.owner(name))).text != lease.owner {}
            }
            let sweep = try await LockCluster.forgetIdle(configuration, olderThan: .zero)
            #expect(sweep.nodes.map(\.held) == [1, 1, 1] && sweep.nodes.map(\.forgotten) == [0, 0, 0])
            #expect(try await locks.nodes[0].client.send(RedisCommand("EXISTS", locks.keys.counter(name))).integer == 1)
            await locks.release(lease)

            let node = locks.nodes[0].client
            let vote = try #require(try await node.send(RedisCommand("HGET", locks.keys.node, "vote")).text)
            let another = RedisArgument(vote.prefix(47) + "another")
            try await node.send(RedisCommand("HSET", locks.keys.node, "vote", another))
            #expect(try await forget(locks, name, on: 0) == [-1, 0])
            await cluster.nodes[1].kill()
            let partial = try await LockCluster.forgetIdle(configuration, olderThan: .zero)
            #expect(partial.nodes.map { $0.failure == nil } == [false, false, true])
            #expect(partial.nodes[0].failure?.message == "it is not admitted to vote")
            #expect(!partial.sweptMajority && partial.nodes[2].forgotten == 1)
        }
    }

    @Test func theFloorsAreLevelledSoThatANewNameTakesOneRound() async throws {
        try await withLocks { _, locks, configuration in
            // Each node has counted to another number, and forgets it by itself.
            for (node, count) in [40, 50, 60].enumerated() {
                let client = locks.nodes[node].client
                try await client.send(RedisCommand("SET", locks.keys.counter(LockName("old")), RedisArgument(count)))
                #expect(try await forget(locks, LockName("old"), on: node)[0] == 1)
            }
            let uneven = try await cycle(locks, LockName("new"))
            #expect(uneven.rounds == 2, "why floors are levelled")
            let sweep = try await LockCluster.forgetIdle(configuration, olderThan: .zero)
            #expect(Set(sweep.nodes.map(\.floor)).count == 1)
            let even = try await cycle(locks, LockName("newer"))
            #expect(even.rounds == 1 && even.token > uneven.token)
        }
    }

    @Test func smallCountersAreWatchedBeforeTheyAreJudged() async throws {
        try await withLocks { _, locks, configuration in
            let names = try ["a", "b", "c"].map { try LockName($0) }
            var first = FencingToken(rawValue: 0)
            for name in names { first = try await cycle(locks, name).token }
            // Beyond what servers share.
            for node in locks.nodes {
                try await node.client.send(RedisCommand("SET", locks.keys.counter(LockName("large")), "123456"))
            }
            func sweep(_ span: Duration, dryRun: Bool = false) async throws -> CounterSweep.Node {
                let sweep = try await LockCluster.forgetIdle(configuration, olderThan: span, dryRun: dryRun)
                #expect(sweep.nodes.allSatisfy { $0.failure == nil && $0.seen == 4 })
                return sweep.nodes[0]
            }
            let long = Duration.seconds(100_000)
            for dryRun in [true, true, false] {
                let fresh = try await sweep(long, dryRun: dryRun)
                #expect(fresh.unwatched == 3 && fresh.used == 1 && fresh.idle == 0 && fresh.forgotten == 0)
            }
            let second = try await sweep(long)
            #expect(second.unwatched == 0 && second.used == 4)
            let again = try await cycle(locks, names[1])
            #expect(again.token.rawValue == first.rawValue * 2, "watching does not change the number")
            let third = try await sweep(long)
            #expect(third.unwatched == 1 && third.used == 3)
            while try await sweep(.seconds(1), dryRun: true).idle < 4 {}
            let last = try await sweep(.seconds(1))
            #expect(last.forgotten == 4 && last.floor == 123456)
            let next = try await cycle(locks, names[0])
            #expect(next.token > FencingToken(rawValue: 123456))
        }
    }

    @Test func manyCountersGoInSteps() async throws {
        try await withLocks(nodes: 1) { _, locks, configuration in
            let client = locks.nodes[0].client
            let pairs = (1...3000).flatMap { number -> [RedisArgument] in
                ["holdfast:fence:n\(number)", RedisArgument(number)]
            }
            try await client.send(RedisCommand("MSET", arguments: pairs))
            try await client.send(RedisCommand("MSET", "holdfast:fence:", "no name", "holdfast:fenced", "7"))
            try await client.send(RedisCommand("SET", "holdfast:fence:junk", "no number"))
            let steps = Tally()
            let dry = try await LockCluster.forgetIdle(configuration, olderThan: .zero, dryRun: true) { _, _ in
                steps.add(1)
            }
            #expect(steps.value >= 6 && dry.nodes[0].idle == 3001 && dry.nodes[0].forgotten == 0)
            #expect(try await client.send(RedisCommand("DBSIZE")).integer == 3004)
            let sweep = try await LockCluster.forgetIdle(configuration, olderThan: .zero)
            #expect(sweep.nodes[0].forgotten == 3000)
            #expect(sweep.nodes[0].failure?.code == .server, "the counter that is none is told of")
            #expect(try await client.send(RedisCommand("DBSIZE")).integer == 4)
            let lease = try await locks.acquire(LockName("n7"))
            #expect(lease.token > FencingToken(rawValue: 3000))
            await #expect(throws: LockError.self) {
                try await LockCluster.forgetIdle(configuration, olderThan: .seconds(-1))
            }
        }
    }
}
