import Foundation
import HoldfastCluster
import HoldfastLocks
import HoldfastProcess
import HoldfastRedis
import Testing

/// `holdfast locks forget`, as a user runs it.
@Suite(.timeLimit(.minutes(2))) struct LocksForgetTests {
    @Test func countersAreCountedThenWatchedThenForgotten() async throws {
        try await withTemporaryCluster(nodes: 3, stores: 0) { cluster in
            _ = try await LockCluster.initialize(LockClusterConfiguration(urls: cluster.nodeURLs))
            let nodes = ["--nodes", cluster.nodeURLs.joined(separator: ",")]
            func token(_ name: String) async throws -> Int {
                let run = try await Invocation.run(
                    ["lock", name] + nodes + ["--", "sh", "-c", "echo $HOLDFAST_LOCK_TOKEN"])
                return try #require(Int(run.output.dropLast()), "\(run)")
            }
            let first = try await [token("a"), token("b")].max() ?? 0
            let dry = try await Invocation.run(["locks", "forget", "--idle", "1s", "--dry-run"] + nodes)
            #expect(dry.status == .exited(0) && dry.output.contains("begins to watch"), "\(dry)")
            #expect(!dry.output.contains("\u{1B}"))
            var left = 6
            while left > 0 {
                let swept = try await Invocation.run(["locks", "forget", "--idle", "1s", "--json"] + nodes)
                #expect(swept.status == .exited(0), "\(swept.error)")
                let report = try JSONSerialization.jsonObject(with: Data(swept.output.utf8)) as? [String: Any]
                let all = try #require(report?["nodes"] as? [[String: Any]])
                left = all.compactMap { $0["seen"] as? Int }.reduce(0, +)
            }
            #expect(try await token("a") > first)
            let held = try await Invocation.run(["locks"] + nodes)
            #expect(held.output == "No lock is held.\n", "the list needs no name of its own")

            for member in cluster.nodes.prefix(2) { await member.kill() }
            let blind = try await Invocation.run(["locks", "forget", "--idle", "0"] + nodes)
            #expect(blind.status == .exited(69) && blind.error.contains("2 of 3 lock nodes were not swept"))
            let wrong = try await Invocation.run(["locks", "forget", "--idle", "a while"] + nodes)
            #expect(wrong.status == .exited(2))
            let silent = try await Invocation.run(["locks", "forget"] + nodes)
            #expect(silent.status == .exited(2), "how long is never guessed")
        }
    }
}
