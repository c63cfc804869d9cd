import Foundation
import HoldfastCluster
import HoldfastLocks
import HoldfastProcess
import HoldfastRedis
import TestWorld
import Testing

/// `holdfast verify`, as the owner of some nodes runs it.
@Suite("Verifying nodes", .serialized, .timeLimit(.minutes(4)))
struct VerifyCommandTests {
    private struct Result: Decodable {
        struct Fault: Decodable {
            var title: String
            var confirmed: Int
        }

        struct Judgement: Decodable {
            var guarantee: String
            var verdict: String
        }

        var verdict: String
        var faults: [Fault]
        var judgements: [Judgement]
    }

    private func ask(_ url: String, _ command: RedisCommand) async throws -> RedisReply {
        let client = RedisClient(try RedisConfiguration(url: url))
        let reply = try await client.send(command.idempotent)
        await client.close()
        return reply
    }

    private func starts(_ cluster: LocalCluster) async throws -> [String] {
        var starts: [String] = []
        for url in cluster.nodeURLs {
            let text = try await ask(url, RedisCommand("INFO", "server")).text ?? ""
            starts += text.split(separator: "\r\n").filter { $0.hasPrefix("run_id:") }.map(String.init)
        }
        return starts
    }

    @Test func soundNodesHoldAndAreLeftUnharmed() async throws {
        try await withTemporaryDirectory { directory in
            try await withLockNodes { cluster, nodes in
                let before = try await starts(cluster)
                let outcome = try await holdfast(
                    ["verify", "--seconds", "8", "--json", "--junit", "\(directory)/v.xml", "--html"]
                        + ["\(directory)/v.html"] + nodes)
                let result = try JSONDecoder().decode(Result.self, from: Data(outcome.output.utf8))
                #expect(outcome.status == .exited(0) && result.verdict == "valid", "\(result.judgements)")
                #expect(result.faults.count == 9 && result.faults.allSatisfy { $0.confirmed > 0 }, "\(result.faults)")
                #expect(try String(contentsOfFile: "\(directory)/v.xml", encoding: .utf8).contains("<testsuite "))
                #expect(try String(contentsOfFile: "\(directory)/v.html", encoding: .utf8).contains("<svg "))
                let after = try await starts(cluster)
                #expect(before.count == 3 && before == after, "a node was restarted")
                for url in cluster.nodeURLs {
                    let keys = try await ask(url, RedisCommand("KEYS", "*")).array ?? []
                    let others = keys.compactMap(\.text).filter {
                        $0 != "holdfast:node" && !$0.contains(":holdfast-verify/")
                    }
                    #expect(others.isEmpty, "\(others)")
                }
            }
        }
    }

    @Test func aStoreThatIsGivenIsLeftClean() async throws {
        try await withTemporaryCluster(nodes: 0, stores: 1) { other in
            try await withLockNodes { _, nodes in
                _ = try await ask(other.storeURLs[0], RedisCommand("SET", "mine", 1))
                let outcome = try await holdfast(
                    ["verify", "--seconds", "5", "--quiet", "--store", other.storeURLs[0]] + nodes)
                #expect(outcome.output.hasPrefix("verify seed 1: "), "\(outcome)")
                let keys = try await ask(other.storeURLs[0], RedisCommand("KEYS", "holdfast:resource:*")).array
                #expect(keys?.isEmpty == true)
                let mine = try await ask(other.storeURLs[0], RedisCommand("GET", "mine")).text
                #expect(mine == "1")
            }
        }
    }

    /// Its names only are touched, in its database only; and it may be told by a variable, as URLs with passwords are.
    @Test func otherDatabasesOfAStoreAreLeftAlone() async throws {
        try await withTemporaryCluster(nodes: 0, stores: 1) { other in
            try await withLockNodes { _, nodes in
                let (first, second) = (other.storeURLs[0], other.storeURLs[0] + "/3")
                _ = try await ask(first, RedisCommand("SET", "theirs", 1))
                let outcome = try await Invocation.run(
                    ["verify", "--seconds", "5", "--faults", "reset"] + nodes, variables: ["HOLDFAST_STORE": second])
                #expect(outcome.output.contains("values on a store of version"), "\(outcome)")
                #expect(try await ask(first, RedisCommand("KEYS", "*")).array?.compactMap(\.text) == ["theirs"])
                let left = try await ask(second, RedisCommand("KEYS", "*")).array?.compactMap(\.text) ?? []
                #expect(!left.isEmpty && left.allSatisfy { $0.hasPrefix("holdfast:once:") }, "\(left)")
            }
        }
    }

    @Test func aStoreThatForgetsOrIsNotThereIsRefused() async throws {
        try await withTemporaryCluster(nodes: 0, stores: 1) { other in
            try await withLockNodes { _, nodes in
                let store = ["--store", other.storeURLs[0]]
                _ = try await ask(other.storeURLs[0], RedisCommand("CONFIG", "SET", "maxmemory", "100mb"))
                _ = try await ask(other.storeURLs[0], RedisCommand("CONFIG", "SET", "maxmemory-policy", "volatile-lru"))
                let evicts = try await holdfast(["verify"] + store + nodes)
                #expect(evicts.status == .exited(1) && evicts.error.contains("it evicts keys"), "\(evicts)")
                #expect(try await ask(other.storeURLs[0], RedisCommand("DBSIZE")).integer == 0)
                let forced = try await holdfast(["verify", "--force", "--quiet", "--seconds", "5"] + store + nodes)
                #expect(forced.output.hasPrefix("verify seed 1: "), "\(forced)")
                _ = try await ask(other.storeURLs[0], RedisCommand("CONFIG", "SET", "maxmemory-policy", "noeviction"))
                _ = try await ask(other.storeURLs[0], RedisCommand("REPLICAOF", "127.0.0.1", "1"))
                let replica = try await holdfast(["verify"] + store + nodes)
                #expect(replica.status == .exited(1) && replica.error.contains("it is a replica"), "\(replica)")
                let nobody = try await holdfast(["verify", "--store", "redis://127.0.0.1:1"] + nodes)
                #expect(nobody.status == .exited(69) && nobody.error.contains("does not answer"), "\(nobody)")
            }
        }
    }

    @Test func serversThatAreNoLockNodesAreNotTouched() async throws {
        try await withTemporaryCluster(nodes: 3, stores: 0) { cluster in
            let outcome = try await holdfast(["verify", "--nodes", cluster.nodeURLs.joined(separator: ",")])
            #expect(outcome.status == .exited(1) && outcome.error.contains("no lock nodes that can vote"))
            for url in cluster.nodeURLs {
                let size = try await ask(url, RedisCommand("DBSIZE")).integer
                #expect(size == 0)
            }
        }
    }

    @Test func nodesThatAreNotThereAndBadOptionsAreToldApart() async throws {
        let away = "redis://127.0.0.1:1,redis://127.0.0.1:2,redis://127.0.0.1:3"
        let nobody = try await holdfast(["verify", "--nodes", away])
        #expect(nobody.status == .exited(69) && nobody.error.contains("0 of 3 lock nodes answer"), "\(nobody)")
        let two = try await holdfast([
            "verify", "--nodes", "redis://127.0.0.1:1,redis://127.0.0.1:2", "--faults", "ring",
        ])
        #expect(two.status == .exited(2) && two.error.contains("the fault ring takes three"), "\(two)")
        let brief = try await holdfast(["verify", "--nodes", away, "--seconds", "1"])
        #expect(brief.status == .exited(2), "\(brief)")
    }
}
