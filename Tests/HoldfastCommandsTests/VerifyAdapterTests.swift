import Foundation
import HoldfastCluster
import HoldfastProcess
import HoldfastRedis
import Testing

/// `holdfast verify --adapter`: other lock libraries before the same judge.
@Suite("Verifying other libraries", .serialized, .timeLimit(.minutes(5)))
struct VerifyAdapterTests {
    private let tenures = "tenures do not overlap"
    private let updates = "no update is lost"

    private func verify(_ adapter: String, _ nodes: [String], _ more: [String] = []) async throws -> Invocation {
        try await holdfast(["verify", "--json", "--adapter", adapter] + nodes + more)
    }

    private func keys(_ url: String) async throws -> [String] {
        let client = RedisClient(try RedisConfiguration(url: url))
        let reply = try await client.send(RedisCommand("KEYS", "*").idempotent)
        await client.close()
        return (reply.array ?? []).compactMap(\.text)
    }

    /// The protocol and its judge do not make a lock guilty that is not.
    @Test func ourOwnLocksHoldBehindTheProtocol() async throws {
        try await withTemporaryCluster(nodes: 0, stores: 1) { other in
            try await withLockNodes { _, nodes in
                let outcome = try await verify(
                    "'\(CommandLineTests.path)' chaos adapter", nodes,
                    ["--seconds", "8", "--store", other.storeURLs[0]])
                let result = try Verified(outcome)
                #expect(outcome.status == .exited(0), "\(result.judgements)")
                #expect(result.verdict("tokens are unique and grow") == "valid")
                #expect(result.faults.count == 9 && result.faults.allSatisfy { $0.confirmed > 0 }, "\(result.faults)")
                let left = try await keys(other.storeURLs[0]).filter { !$0.hasPrefix("holdfast:once:") }
                #expect(left.isEmpty, "\(left)")
            }
        }
    }

    @Test func aLockThatIsNoneIsFound() async throws {
        try await withTemporaryCluster(nodes: 3, stores: 0) { cluster in
            let nodes = ["--nodes", cluster.nodeURLs.joined(separator: ",")]
            let outcome = try await verify(Verified.adapter("broken"), nodes, ["--seconds", "5"])
            let result = try Verified(outcome)
            #expect(outcome.status == .exited(1))
            #expect(result.verdict(tenures) == "invalid" && result.verdict(updates) == "invalid")
            #expect(result.verdict("tokens are unique and grow") == nil, "it issues none")
            #expect(result.about.contains("broken (grants to everybody), without fencing tokens"))
        }
    }

    /// The tenures of redsync's algorithm do not overlap; but who was paused writes in spite of that, for nothing looks
    /// at a token. Cuts and kills make no tenures overlap either.
    @Test func aLockWithoutTokensLosesUpdatesToPauses() async throws {
        try await withTemporaryCluster(nodes: 3, stores: 0) { cluster in
            let nodes = ["--nodes", cluster.nodeURLs.joined(separator: ","), "--seconds", "8", "--faults"]
            let paused = try Verified(try await verify(Verified.adapter("redsync_style"), nodes, ["pause"]))
            #expect(paused.verdict(tenures) == "valid" && paused.verdict(updates) == "invalid", "\(paused.judgements)")
            let cut = try Verified(
                try await verify(Verified.adapter("redsync_style"), nodes, ["kill,delay,reset,drop-requests"]))
            // A machine that is busy enough pauses clients by itself: of lost updates nothing is said here.
            #expect(cut.verdict(tenures) == "valid", "\(cut.judgements)")
            for url in cluster.nodeURLs { #expect(try await keys(url).allSatisfy { $0.contains("holdfast-verify/") }) }
        }
    }

    /// Nor what it started, also when its client is killed.
    @Test func noAdapterOutlivesItsClient() async throws {
        try await withTemporaryCluster(nodes: 1, stores: 0) { cluster in
            let mark = "3\(cluster.nodeURLs[0].suffix(5)).25"
            let adapter = "sleep \(mark) & \(Verified.adapter("redis_py"))"
            let outcome = try await verify(
                adapter, ["--nodes", cluster.nodeURLs[0]], ["--seconds", "8", "--faults", "kill,pause"])
            let result = try Verified(outcome)
            #expect(result.faults.count == 2 && result.faults.allSatisfy { $0.confirmed > 0 }, "\(result.faults)")
            for _ in 0..<100 where !processes(mark).isEmpty { try await Task.sleep(for: .milliseconds(50)) }
            #expect(processes(mark).isEmpty, "left running")
        }
    }

    private func processes(_ mark: String) -> [String] {
        let pids = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.filter { Int($0) != nil } ?? []
        return pids.filter { pid in
            let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
            return String(decoding: line, as: UTF8.self).contains(mark)
        }
    }

    @Test func anAdapterThatIsNoneIsToldWithItsLastWords() async throws {
        try await withTemporaryCluster(nodes: 1, stores: 0) { cluster in
            let nodes = ["--nodes", cluster.nodeURLs[0]]
            let dead = try await verify("echo no such library >&2; exit 3", nodes)
            #expect(dead.status == .exited(1) && dead.error.contains("ended (exit status 3) instead of answering open"))
            #expect(dead.error.contains("no such library"), "\(dead.error)")
            let chatty = try await verify("echo welcome; cat", nodes)
            #expect(chatty.error.contains("the adapter answered open with 'welcome'"), "\(chatty.error)")
            // One that dies again and again in the run.
            let brief = try await verify(
                #"read line; echo '{"id":1,"ok":{"protocol":1,"library":"brief","tokens":false}}'; "#
                    + #"read line && echo '{"id":2,"ok":{"value":null}}'; read line && exit 4; cat"#, nodes)
            #expect(brief.status == .exited(1), "\(brief)")
        }
    }

    @Test func serversThatLookWrongAreNotTouched() async throws {
        try await withTemporaryCluster(nodes: 1, stores: 0) { cluster in
            let url = cluster.nodeURLs[0]
            let twice = url + "," + url.replacing("127.0.0.1", with: "localhost")
            let same = try await verify(Verified.adapter("redis_py"), ["--nodes", twice])
            #expect(same.status == .exited(1) && same.error.contains("node 2: it is the same server as node 1"))
            let client = RedisClient(try RedisConfiguration(url: url))
            _ = try await client.send(RedisCommand("SET", "user:1", "data"))
            await client.close()
            let outcome = try await verify(Verified.adapter("redis_py"), ["--nodes", url])
            #expect(outcome.status == .exited(1) && outcome.error.contains("'user:1': that looks like a store"))
            #expect(try await keys(url) == ["user:1"])
        }
    }
}
