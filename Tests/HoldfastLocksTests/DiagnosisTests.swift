import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import Testing

@testable import HoldfastLocks

/// The doctor on real servers, and on what is none.
@Suite(.serialized, .timeLimit(.minutes(3))) struct DiagnosisTests {
    private func withNodes(
        _ count: Int = 3, maximumTTL: Duration = .seconds(60),
        _ body: (LocalCluster, LockClusterConfiguration, [RedisClient]) async throws -> Void
    ) async throws {
        try await withTemporaryCluster(nodes: count, stores: 0) { cluster in
            let configuration = try LockClusterConfiguration(urls: cluster.nodeURLs)
            _ = try await LockCluster.initialize(configuration, maximumTTL: maximumTTL)
            let clients = configuration.nodes.map { RedisClient($0) }
            for client in clients { try await client.ready(within: .seconds(20)) }
            try await body(cluster, configuration, clients)
            for client in clients { await client.close() }
        }
    }

    /// What is not all right, as `check node severity`.
    private func complaints(_ diagnosis: Diagnosis) -> Set<String> {
        Set(
            diagnosis.findings.filter { $0.severity > .ok }.map { finding in
                #expect(!finding.what.isEmpty && !finding.why.isEmpty && !finding.remedy.isEmpty)
                return
                    "\(finding.check.rawValue) \(finding.node.map(String.init) ?? "all") \(finding.severity.rawValue)"
            })
    }

    private func writes(_ client: RedisClient) async throws -> [Substring] {
        let text = try await client.send(RedisCommand("INFO", "all")).text ?? ""
        return text.split(whereSeparator: \.isNewline).filter {
            $0.hasPrefix("rdb_changes_since_last_save:") || $0.hasPrefix("master_repl_offset:")
        }
    }

    @Test func aHealthyClusterIsWellAndNothingIsChanged() async throws {
        try await withNodes { _, configuration, clients in
            let locks = try await LockCluster.connect(configuration, patience: .seconds(20))
            while locks.votingNodes < 3 { try await locks.runtime.sleep(for: .milliseconds(10)) }
            let lease = try await locks.acquire(LockName("page"), ttl: .seconds(60))
            for client in clients {
                while try await client.send(RedisCommand("EXISTS", "holdfast:lock:page")).integer != 1 {}
            }
            var before: [[Substring]] = []
            for client in clients { before.append(try await writes(client)) }
            let diagnosis = try await LockCluster.diagnose(configuration)
            #expect(complaints(diagnosis) == [] && diagnosis.severity == .ok)
            #expect(diagnosis.voting == 3 && diagnosis.reachable == 3 && diagnosis.cluster == locks.descriptor)
            for node in diagnosis.nodes { #expect(node.locks == 1 && node.counters == 1 && node.isCounted) }
            for (client, was) in zip(clients, before) {
                let now = try await writes(client)
                #expect(now == was && now.count == 2, "\(was) became \(now)")
            }
            // Every check was made.
            #expect(Set(diagnosis.findings.map(\.check)) == Set(Diagnosis.Check.allCases))
            await locks.release(lease)
            await locks.close()
        }
    }

    @Test func wrongSettingsAreFoundWithTheirCure() async throws {
        try await withNodes { _, configuration, clients in
            func set(_ node: Int, _ name: RedisArgument, _ value: RedisArgument) async throws {
                try await clients[node].send(RedisCommand("CONFIG", "SET", name, value))
            }
            try await set(0, "maxmemory", "900kb")
            try await set(0, "maxmemory-policy", "volatile-lfu")
            try await set(1, "appendfsync", "everysec")
            try await set(1, "no-appendfsync-on-rewrite", "yes")
            try await clients[1].send(RedisCommand("HSET", "holdfast:node", "maximum_ttl", "61000"))
            try await set(2, "appendonly", "no")
            try await set(2, "save", "60 1")
            try await clients[2].send(RedisCommand("LPUSH", "holdfast:fence:list", "x"))
            try await clients[2].send(RedisCommand("SET", "holdfast:fence:mortal", "5", "EX", "1000"))
            try await clients[2].send(RedisCommand("SET", "holdfast:lock:endless", "x"))
            let diagnosis = try await LockCluster.diagnose(configuration)
            let found = complaints(diagnosis)
            let expected: Set = [
                "eviction 0 error", "memory 0 error", "admission 0 error", "persistence 1 warning", "record 1 error",
                "persistence 2 warning", "keys 2 error",
            ]
            #expect(found.isSuperset(of: expected), "missing: \(expected.subtracting(found)) in \(found)")
            let odd = try #require(diagnosis.findings.first { $0.check == .keys && $0.node == 2 }?.what)
            for text in ["is a list", "a counter that expires", "a lock that never expires"] {
                #expect(odd.contains(text), "\(odd)")
            }
            let cure = try #require(diagnosis.findings.first { $0.check == .eviction && $0.node == 0 }?.command)
            #expect(cure.hasPrefix("redis-cli -h 127.0.0.1 -p ") && cure.hasSuffix("maxmemory-policy noeviction"))
        }
    }

    @Test func wrongListsAndRightsAreFound() async throws {
        try await withNodes { cluster, configuration, clients in
            // The first two are exchanged; the third is the second once more, under another name.
            let urls = cluster.nodeURLs
            let twin = urls[1].replacing("127.0.0.1", with: "localhost")
            let twice = try LockClusterConfiguration(urls: [urls[0], urls[1], twin])
            let found = complaints(try await LockCluster.diagnose(twice))
            #expect(found.isSuperset(of: ["identity all error", "record 2 error"]), "\(found)")
            let swapped = try LockClusterConfiguration(urls: [urls[1], urls[0], urls[2]])
            let exchanged = try await LockCluster.diagnose(swapped)
            #expect(complaints(exchanged).isSuperset(of: ["record 0 error", "record 1 error"]))
            #expect(exchanged.nodes[0].standing == "it is node 1 of the cluster, but listed as node 0")
            let fewer = complaints(try await LockCluster.diagnose(LockClusterConfiguration(urls: [urls[0], urls[1]])))
            #expect(fewer.isSuperset(of: ["quorum all warning", "descriptor all error"]), "\(fewer)")
            try await clients[2].send(RedisCommand("HSET", "holdfast:node", "cluster", "another"))
            let torn = try await LockCluster.diagnose(LockClusterConfiguration(urls: urls))
            #expect(
                torn.findings.contains { $0.node == 2 && $0.what.hasPrefix("it belongs to the lock cluster another") })
            let two = try LockClusterConfiguration(urls: [urls[0], urls[1]])
            try await clients[0].send(RedisCommand("HSET", "holdfast:node", "nodes", "2"))
            try await clients[1].send(RedisCommand("HSET", "holdfast:node", "nodes", "2", "cluster", "third"))
            let tie = try await LockCluster.diagnose(two).findings.first { $0.check == .descriptor }
            #expect(tie?.what.hasPrefix("the nodes disagree about their cluster: ") == true)
            let id = RedisArgument(try #require(torn.cluster?.id))
            for client in clients {
                try await client.send(RedisCommand("HSET", "holdfast:node", "nodes", "3", "cluster", id))
            }

            try await clients[0].send(
                RedisCommand(
                    "ACL", "SETUSER", "narrow", "on", ">hunter-2", "+@all", "-hset", "-config", "~holdfast:*",
                    "&other:*"))
            try await clients[1].send(RedisCommand("ACL", "SETUSER", "blind", "on", ">hunter-2", "+info", "+time"))
            var narrow = configuration
            for (node, user) in [(0, "narrow"), (1, "blind")] {
                narrow.nodes[node].username = user
                narrow.nodes[node].password = "hunter-2"
            }
            let rights = try await LockCluster.diagnose(narrow)
            let lacking = complaints(rights)
            let expected: Set = ["scripts 0 error", "persistence 0 warning", "record 1 error", "scripts 1 error"]
            #expect(lacking.isSuperset(of: expected), "\(lacking)")
            let denied = try #require(rights.findings.first { $0.check == .scripts && $0.node == 0 })
            #expect(denied.what == "this user may not call HSET, PUBLISH")
            #expect(!"\(rights)".contains("hunter-2"), "a diagnosis gets posted somewhere")
        }
    }

    @Test func replicasAndTheirPastAreFound() async throws {
        try await withNodes { cluster, configuration, clients in
            guard case .tcp(let host, let port) = configuration.nodes[0].address else { return }
            try await clients[1].send(RedisCommand("REPLICAOF", RedisArgument(host), RedisArgument(port)))
            while try await clients[1].send(RedisCommand("INFO", "replication")).text?.contains("master_link_status:up")
                != true
            {}
            let attached = complaints(try await LockCluster.diagnose(configuration))
            #expect(attached.isSuperset(of: ["replicas 0 warning", "role 1 error", "record 1 error"]), "\(attached)")
            try await clients[1].send(RedisCommand("REPLICAOF", "NO", "ONE"))
            let promoted = complaints(try await LockCluster.diagnose(configuration))
            #expect(promoted.contains("ancestry 1 warning"), "\(promoted)")
        }
    }

    @Test func aLostMajorityIsToldWhomToAdmit() async throws {
        try await withNodes(5, maximumTTL: .seconds(1)) { cluster, configuration, _ in
            for index in [0, 2, 3] { try await cluster.nodes[index].restart(empty: true) }
            let first = try await LockCluster.diagnose(configuration)
            let found = complaints(first)
            #expect(found.isSuperset(of: ["quorum all error", "descriptor all error", "record 0 warning"]), "\(found)")
            #expect(first.voting == 2 && first.reachable == 5)
            let quorum = first.findings.filter { $0.check == .quorum && $0.command != nil }
            #expect(quorum.count == 1, "the first admission brings the others")
            #expect(quorum[0].command == "holdfast cluster admit --node 0 --floor-from-clock")
            _ = try await LockCluster.admit(0, of: configuration, floor: .fromClock, patience: .seconds(60))
            let locks = try await LockCluster.connect(configuration, patience: .seconds(60))
            while locks.votingNodes < 5 { try await locks.runtime.sleep(for: .milliseconds(20)) }
            await locks.close()
            let healed = try await LockCluster.diagnose(configuration)
            #expect(complaints(healed) == [])
        }
    }

    @Test(arguments: [
        RudePeer.Manner.silent, .says("HTTP/1.1 400 Bad Request\r\n\r\n"), .says("\u{15}\u{3}\u{3}\0\u{2}\u{2}F"),
        .says("*1000000000\r\n"), .says("$-5\r\n"), .says("-ERR go away\r\n"), .says("+OK\r\n+OK\r\n"),
        .pretends("*-1\r\n"), .pretends("$9\r\nrun_id:\0\u{1}\r\n"), .pretends("-NOPERM no\r\n"),
        .pretends("*2\r\n:9223372036854775807\r\n:-9223372036854775808\r\n"), .pretends(":9223372036854775807\r\n"),
        .pretends("*4\r\n$1\r\n0\r\n:9223372036854775807\r\n:9223372036854775807\r\n*1\r\n*0\r\n"),
        .pretends("*4\r\n$1\r\n7\r\n:5\r\n:5\r\n*0\r\n"),
        .pretends(
            "*11\r\n$1\r\nc\r\n$1\r\n3\r\n$1\r\n2\r\n$19\r\n9223372036854775807\r\n$1\r\na\r\n$-1\r\n$-1\r\n"
                + "$20\r\n-9223372036854775808\r\n$1\r\na\r\n$19\r\n9223372036854775807\r\n$-1\r\n"),
    ])
    func whateverListensThereItEndsAndTells(_ manner: RudePeer.Manner) async throws {
        try await withTemporaryCluster(nodes: 2, stores: 0) { cluster in
            let peer = try RudePeer(manner)
            defer { peer.close() }
            var configuration = try LockClusterConfiguration(urls: cluster.nodeURLs + [peer.url])
            configuration.nodes[2].connectTimeout = .milliseconds(300)
            configuration.nodes[2].commandTimeout = .milliseconds(300)
            let diagnosis = try await LockCluster.diagnose(configuration)
            #expect(diagnosis.nodes.count == 3 && !diagnosis.nodes[2].votes)
            #expect(diagnosis.findings.contains { $0.node == 2 && $0.severity == .error }, "\(complaints(diagnosis))")
            #expect(!diagnosis.findings.contains { $0.node == 0 && $0.check == .reachable && $0.severity > .ok })
        }
    }

    @Test func deadAndHangingNodesAreFindings() async throws {
        try await withNodes { cluster, configuration, _ in
            await cluster.nodes[0].kill()
            await cluster.nodes[1].pause()
            let diagnosis = try await LockCluster.diagnose(configuration)
            cluster.nodes[1].resume()
            let found = complaints(diagnosis)
            #expect(found.isSuperset(of: ["reachable 0 error", "reachable 1 error", "quorum all error"]), "\(found)")
            #expect(diagnosis.reachable == 1 && diagnosis.nodes[2].votes)
            #expect(!diagnosis.findings.contains { $0.command?.contains("admit") == true }, "they may come back")
        }
    }
}
