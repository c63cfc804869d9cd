import Foundation
import HoldfastCluster
import HoldfastLocks
import HoldfastProcess
import HoldfastRedis
import HoldfastRedisTLS
import RedisFixture
import TestWorld
import Testing

/// `holdfast verify` on nodes that are reached in other ways than by plain TCP without a password.
@Suite("Verifying protected nodes", .serialized, .timeLimit(.minutes(4)))
struct VerifyConnectionTests {
    private static let durable = ["--appendonly", "yes", "--appendfsync", "always"]

    private func certificate(in directory: String) async throws {
        var command = Command(
            "openssl",
            ["req", "-x509", "-days", "2", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
                + ["-subj", "/CN=node", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
                + ["-keyout", "key.pem", "-out", "cert.pem"])
        command.directory = directory
        (command.output, command.error) = (.null, .null)
        let status = await (try ChildProcess.start(command)).wait()
        #expect(status.isSuccess)
    }

    /// A node with TLS, one behind a socket file, one as usual, all with a password.
    @Test func everyKindOfConnectionSuffersAllFaults() async throws {
        try await withTemporaryDirectory { directory in
            try await certificate(in: directory)
            let ca = directory + "/cert.pem"
            let secret = Self.durable + ["--requirepass", "open sesame"]
            let tls = ["--tls-cert-file", ca, "--tls-key-file", directory + "/key.pem", "--tls-auth-clients", "no"]
            try await RedisServer.with(tls: true, tls + secret) { first in
                try await RedisServer.with(secret) { second in
                    try await RedisServer.with(secret) { third in
                        let urls = [
                            "rediss://:open%20sesame@localhost:\(first.port)",
                            "unix://:open%20sesame@\(second.socketPath)",
                            "redis://:open%20sesame@127.0.0.1:\(third.port)",
                        ]
                        _ = try await LockCluster.initialize(
                            try LockClusterConfiguration(urls: urls), maximumTTL: .seconds(20),
                            transport: try NIOTransport(RedisTLS(trust: .authorities(file: ca))))
                        let arguments = ["verify", "--seconds", "8", "--json", "--tls-ca", ca]
                        let outcome = try await Invocation.run(
                            arguments, variables: ["HOLDFAST_NODES": urls.joined(separator: ",")])
                        let result = try Verified(outcome)
                        #expect(outcome.status == .exited(0), "\(result.judgements)")
                        #expect(result.faults.allSatisfy { $0.confirmed > 0 }, "\(result.faults)")
                        let wrong = urls.map { $0.replacing("sesame", with: "simsim") }.joined(separator: ",")
                        let refused = try await Invocation.run(arguments, variables: ["HOLDFAST_NODES": wrong])
                        #expect(refused.status == .exited(69) && refused.error.contains("answer, 2 must: "))
                        #expect(!refused.error.contains("simsim"), "\(refused.error)")
                    }
                }
            }
        }
    }

    /// Everybody on a machine can read the command lines of all processes.
    @Test func passwordsAreInNobodysArguments() async throws {
        try await withTemporaryCluster(nodes: 1, stores: 0) { cluster in
            let node = RedisClient(try RedisConfiguration(url: cluster.nodeURLs[0]))
            _ = try await node.send(RedisCommand("CONFIG", "SET", "requirepass", "opensesame"))
            await node.close()
            let url = cluster.nodeURLs[0].replacing("redis://", with: "redis://:opensesame@")
            _ = try await LockCluster.initialize(
                try LockClusterConfiguration(urls: [url]), maximumTTL: .seconds(20))
            // The adapter's line holds one, too, which it does not hand on.
            for adapter in [nil, ": opensesame; \(Verified.adapter("redis_py"))"] {
                let report = cluster.directory + "/report"
                var command = Command(
                    CommandLineTests.path,
                    ["verify", "--seconds", "5", "--faults", "kill", "--json"]
                        + ["--junit", "\(report).xml", "--html", "\(report).html", "--history", "\(report).jsonl"])
                command.environment = .inheritAnd(["HOLDFAST_NODES": url, "HOLDFAST_ADAPTER": adapter ?? ""])
                (command.output, command.error) = (.file("\(report).json"), .file("\(report).err"))
                let run = try await ChildProcess.start(command)
                var (looked, told) = (0, 0)
                while run.isRunning {
                    let lines = Self.commandLines()
                    looked += lines.count { $0.contains("holdfast-verify-") }
                    told += lines.count { $0.contains("opensesame") }
                    try await Task.sleep(for: .milliseconds(100))
                }
                #expect(looked > 0 && told == 0, "\(told) command lines tell the password")
                for ending in ["json", "xml", "html", "jsonl", "err"] {
                    let text = try String(contentsOfFile: "\(report).\(ending)", encoding: .utf8)
                    #expect(!text.contains("opensesame"), "\(ending) tells the password")
                    #expect(ending == "err" || !text.isEmpty)
                    try FileManager.default.removeItem(atPath: "\(report).\(ending)")
                }
            }
        }
    }

    private static func commandLines() -> [String] {
        let pids = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.filter { Int($0) != nil } ?? []
        return pids.compactMap { pid in
            FileManager.default.contents(atPath: "/proc/\(pid)/cmdline").map { String(decoding: $0, as: UTF8.self) }
        }
    }

    @Test func lockNodesThatKeepOtherDataAreNotLoaded() async throws {
        try await withLockNodes { cluster, nodes in
            let client = RedisClient(try RedisConfiguration(url: cluster.nodeURLs[1]))
            _ = try await client.send(RedisCommand("SET", "session:9", "data"))
            let outcome = try await holdfast(["verify"] + nodes)
            #expect(outcome.status == .exited(1), "\(outcome)")
            #expect(outcome.error.contains("node 2: it keeps 2 keys, such as 'session:9'"), "\(outcome.error)")
            let left = try await client.send(RedisCommand("KEYS", "*verify*").idempotent).array
            await client.close()
            #expect(left?.isEmpty == true)
        }
    }
}
