import Foundation
import HoldfastCluster
import HoldfastRedis
import Testing

@testable import HoldfastLocks

/// Removes one protection at a time from the real scripts, and shows on real nodes the violation that it prevents.
/// The interleavings are the shortest counterexamples of the protocol's model.
@Suite(.serialized) struct ScriptMutationTests {
    /// Drives the scripts of single nodes by hand, in any order.
    private struct Stage {
        let clients: [RedisClient]
        let keys = LockKeys(prefix: "holdfast:")
        let name: LockName

        func run(
            _ script: RedisScript, on node: Int, _ arguments: [RedisArgument], withRunID: Bool = true
        ) async throws -> [Int64] {
            let runID = withRunID ? [RedisArgument(try clients[node].serverInfo().runID)] : []
            let rest = withRunID ? [keys.counter(name), keys.node] : []
            let reply = try await clients[node].run(
                script, keys: [keys.owner(name)] + rest, arguments: arguments + runID)
            if case .integer(let value) = reply { return [1, value] }
            return (reply.array ?? []).compactMap(\.integer)
        }

        func grant(_ owner: String, on node: Int, _ script: RedisScript = LockScripts.grant) async throws -> Int64? {
            let reply = try await run(script, on: node, [RedisArgument(owner), 5000, 0])
            return reply[0] == 1 ? reply[1] : nil
        }

        func confirm(_ owner: String, _ token: Int64, on node: Int, _ script: RedisScript) async throws -> Bool {
            try await run(script, on: node, [RedisArgument(owner), RedisArgument(token)])[0] == 1
        }

        func expire(on node: Int) async throws {
            try await clients[node].send(RedisCommand("DEL", keys.owner(name)))
        }
    }

    private func withStage(nodes: Int, _ body: (LocalCluster, Stage) async throws -> Void) async throws {
        try await withTemporaryCluster(nodes: nodes, stores: 0) { cluster in
            let configuration = try LockClusterConfiguration(urls: cluster.nodeURLs)
            _ = try await LockCluster.initialize(configuration, maximumTTL: .seconds(10))
            let clients = configuration.nodes.map { RedisClient($0) }
            for client in clients { try await client.ready() }
            try await body(cluster, Stage(clients: clients, name: try LockName("r")))
            for client in clients { await client.close() }
        }
    }

    private func mutate(_ script: RedisScript, _ line: String, _ replacement: String) throws -> RedisScript {
        try #require(script.source.contains(line), "the script has changed: mend the mutation")
        return RedisScript(
            name: script.name + ".mutant", script.source.replacingOccurrences(of: line, with: replacement))
    }

    /// Node 0 grants B:2 then A:4; node 1 grants A:2 then B:4. Both attempts see the maximum 4.
    private func crossGrants(_ stage: Stage) async throws {
        #expect(try await stage.grant("B", on: 0) == 2)
        try await stage.expire(on: 0)
        #expect(try await stage.grant("A", on: 0) == 4)
        #expect(try await stage.grant("A", on: 1) == 2)
        try await stage.expire(on: 1)
        #expect(try await stage.grant("B", on: 1) == 4)
    }

    @Test func withTheHolderCheckOnlyOneOfTwoAttemptsIsConfirmed() async throws {
        try await withStage(nodes: 3) { _, stage in
            try await crossGrants(stage)
            let first = try await stage.confirm("B", 4, on: 0, LockScripts.confirm)
            let second = try await stage.confirm("A", 4, on: 1, LockScripts.confirm)
            #expect(!first && !second, "neither holds the lock any more where it was to confirm")
        }
    }

    @Test func withoutTheHolderCheckOneTokenIsIssuedTwice() async throws {
        try await withStage(nodes: 3) { _, stage in
            let mutant = try mutate(
                LockScripts.confirm, "if redis.pcall('GET', KEYS[place]) ~= ARGV[1] then return {0, 0} end", "")
            try await crossGrants(stage)
            let first = try await stage.confirm("B", 4, on: 0, mutant)
            let second = try await stage.confirm("A", 4, on: 1, mutant)
            #expect(first && second, "the violation that the holder check prevents")
        }
    }

    @Test func withoutConfirmationOneTokenIsIssuedTwice() async throws {
        try await withStage(nodes: 3) { _, stage in
            try await crossGrants(stage)
            // A protocol that issues the largest of a majority of grants at once would issue 2 to A and 2 to B.
            var naive = Acquisition(Quorum(nodes: 3))
            _ = naive.receive(.granted(FencingToken(rawValue: 2)), from: 0)
            let action = naive.receive(.granted(FencingToken(rawValue: 1)), from: 1)
            #expect(action == .confirm(FencingToken(rawValue: 2), nodes: [1]), "unequal grants must be confirmed")
        }
    }

    @Test func withoutTheValueCheckAReleaseFreesAnothersLock() async throws {
        try await withStage(nodes: 1) { _, stage in
            _ = try await stage.grant("A", on: 0)
            let channel = RedisArgument(stage.keys.channel(stage.name))
            let real = try await stage.run(LockScripts.release, on: 0, ["B", channel], withRunID: false)
            #expect(real == [1, 0], "freed none")
            #expect(try await stage.grant("B", on: 0) == nil, "still A's")
            let check = "if redis.pcall('GET', KEYS[key + place]) == ARGV[argument + 1] then"
            let mutant = try mutate(LockScripts.release, check, "if true then")
            _ = try await stage.run(mutant, on: 0, ["B", channel], withRunID: false)
            #expect(try await stage.grant("B", on: 0) != nil, "the violation that the value check prevents")
        }
    }

    @Test func aWriterThatDoesNotLookForReadersTakesTheirLock() async throws {
        try await withStage(nodes: 1) { _, stage in
            #expect(try await stage.run(LockScripts.grantShared, on: 0, ["reader", 5000])[0] == 1)
            #expect(try await stage.grant("writer", on: 0) == nil)
            let mutant = try mutate(
                LockScripts.grant, "if redis.call('ZCARD', KEYS[place]) == (mark and 1 or 0) then", "if true then")
            #expect(try await stage.grant("writer", on: 0, mutant) != nil, "the violation that the look prevents")
        }
    }

    @Test func aReaderThatIgnoresTheMarkOvertakesTheWriter() async throws {
        try await withStage(nodes: 1) { _, stage in
            #expect(try await stage.run(LockScripts.grantShared, on: 0, ["first", 5000])[0] == 1)
            #expect(try await stage.run(LockScripts.grant, on: 0, ["writer", 5000, 5000])[0] == -3)
            #expect(try await stage.run(LockScripts.grantShared, on: 0, ["second", 5000])[0] == -4)
            let mutant = try mutate(
                LockScripts.grantShared, "if mark then return {-4, tonumber(mark) - now} end", "")
            #expect(try await stage.run(mutant, on: 0, ["second", 5000])[0] == 1, "writers could starve")
        }
    }

    private func admit(
        _ runID: String, on node: Int, _ stage: Stage, since: String, _ script: RedisScript = LockScripts.admit
    ) async throws -> Bool {
        let reply = try await stage.clients[node].run(
            script, keys: [stage.keys.node],
            arguments: [RedisArgument(runID), "c", 3, RedisArgument(node), 10_000, 0, 1, RedisArgument(since)])
        return reply.integer == 1
    }

    private func record(of node: Int, _ stage: Stage) async throws -> NodeRecord {
        let command = RedisCommand("HMGET", arguments: [stage.keys.node] + NodeRecord.fields)
        return try #require(NodeRecord(try await stage.clients[node].send(command)))
    }

    @Test func anAdmissionThatComesLateReachesNoOtherIncarnation() async throws {
        try await withStage(nodes: 3) { cluster, stage in
            let old = try stage.clients[1].serverInfo().runID
            await cluster.nodes[1].kill()
            try await cluster.nodes[1].restart(empty: true)
            let new = try await stage.clients[1].ready(within: .seconds(20)).runID
            try #require(new != old)
            #expect(try await !admit(old, on: 1, stage, since: ""))
            #expect(try await record(of: 1, stage).admitted == nil)

            let mutant = try mutate(
                LockScripts.admit,
                "if string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') ~= ARGV[1] then return 0 end", "")
            let blank = try mutate(mutant, "if not node[1] and node[5] ~= ARGV[8] then return 0 end", "")
            #expect(try await admit(old, on: 1, stage, since: "", blank))
            // The empty node now looks like one that was restarted with all its data, and would vote at once.
            let found = AdmissionRule.Node(
                record: try await record(of: 1, stage), index: 1, runID: new, uptime: .seconds(1),
                syncsEveryWrite: true)
            let verdict = AdmissionRule.judge(
                found, cluster: ClusterDescriptor(id: "c", nodes: 3, maximumTTL: .seconds(10)), otherHighs: [])
            #expect(verdict == .admit(floor: 0), "the violation that the check of the incarnation prevents")
        }
    }

    @Test func anAdmissionThatComesLateReachesNoNodeThatWasFlushedMeanwhile() async throws {
        try await withStage(nodes: 3) { _, stage in
            let runID = try stage.clients[1].serverInfo().runID
            for _ in 0..<2 {
                try await stage.clients[1].send(RedisCommand("FLUSHALL"))
                // Judged while the node had its record, or when it was blank before.
                #expect(try await !admit(runID, on: 1, stage, since: ""))
                #expect(try await !admit(runID, on: 1, stage, since: "0"))
                #expect(try await stage.grant("A", on: 1) == nil)
                try await stage.clients[1].run(LockScripts.notice, keys: [stage.keys.node])
                let blank = try #require(try await record(of: 1, stage).blank)
                #expect(blank.runID == runID)
                #expect(try await !admit(runID, on: 1, stage, since: ""))
                #expect(try await admit(runID, on: 1, stage, since: "\(blank.since.components.seconds)"))
                #expect(try await stage.grant("A", on: 1) != nil)
                let noticed = try await stage.clients[1].run(LockScripts.notice, keys: [stage.keys.node])
                #expect(noticed.integer == 0, "it is not blank")
            }
        }
    }

    @Test func withoutAdmissionANodeThatForgotIssuesATokenAgain() async throws {
        try await withStage(nodes: 3) { cluster, stage in
            #expect(try await stage.grant("A", on: 0) == 2)
            #expect(try await stage.grant("A", on: 1) == 2)
            await cluster.nodes[1].kill()
            try await cluster.nodes[1].restart(empty: true)
            try await stage.clients[1].ready(within: .seconds(20))
            while (try? await stage.clients[1].send(RedisCommand("PING"))) == nil {}
            #expect(try await stage.grant("B", on: 2) == 2)
            #expect(try await stage.grant("B", on: 1) == nil, "an incarnation that is not admitted must not vote")
            let admitted = try mutate(
                LockScripts.grant, "if not vote or string.sub(vote, 48) ~= ARGV[#ARGV] then return {-1, 0} end",
                "vote = string.format('%016.0f %016.0f %012.0f ', 0, 0, 10000) .. ARGV[4]")
            #expect(try await stage.grant("B", on: 1, admitted) == 2, "the violation that admission prevents")
        }
    }
}
