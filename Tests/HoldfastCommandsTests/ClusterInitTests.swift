import HoldfastCluster
import HoldfastLocks
import HoldfastProcess
import Testing

@Suite struct ClusterInitTests {
    private func run(_ arguments: [String]) async throws -> (HoldfastProcess.ExitStatus, String) {
        var command = Command(CommandLineTests.path, ["cluster", "init"] + arguments)
        command.output = .pipe
        command.error = .null
        let process = try await ChildProcess.start(command)
        let output = try #require(try await process.output?.readAll())
        return (await process.wait(), String(decoding: output, as: UTF8.self))
    }

    @Test(.timeLimit(.minutes(1))) func blankServersBecomeALockClusterOnce() async throws {
        try await withTemporaryCluster(nodes: 3, stores: 0) { cluster in
            let nodes = ["--nodes", cluster.nodeURLs.joined(separator: ",")]
            let (status, first) = try await run(nodes + ["--json", "--maximum-ttl", "30"])
            #expect(status == .exited(0))
            let (_, second) = try await run(nodes + ["--json"])
            #expect(first == second, "init may be repeated, and then changes nothing")
            let configuration = try LockClusterConfiguration(urls: cluster.nodeURLs)
            let locks = try await LockCluster.connect(configuration)
            #expect(locks.descriptor?.maximumTTL == .seconds(30))
            await locks.close()
        }
    }

    @Test(.timeLimit(.minutes(1))) func whatCannotBeIsRefused() async throws {
        try await withTemporaryCluster(nodes: 3, stores: 0) { cluster in
            let nodes = cluster.nodeURLs.joined(separator: ",")
            let tooShort = try await run(["--nodes", nodes, "--maximum-ttl", "0"])
            #expect(tooShort.0 == .exited(2))
            let twice = try await run(["--nodes", "\(cluster.nodeURLs[0]),\(cluster.nodeURLs[0])"])
            #expect(twice.0 == .exited(2))
        }
    }
}
