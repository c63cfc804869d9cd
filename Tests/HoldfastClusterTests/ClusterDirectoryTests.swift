import Foundation
@testable import HoldfastCluster
import HoldfastProcess
import HoldfastRedis
import HoldfastRuntime
import TestWorld
import Testing

@Suite("The directory of a cluster")
struct ClusterDirectoryTests {
    private func identities(_ status: ClusterStatus) -> [ProcessIdentity] {
        status.members.compactMap { $0.pid.flatMap(ProcessIdentity.init) }
    }

    /// Runs `body` in a temporary directory and stops what was left running there.
    private func inDirectory(_ body: (ClusterConfiguration) async throws -> Void) async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        do {
            try await body(ClusterConfiguration(nodes: 2, stores: 1, directory: directory.path))
            _ = try? await LocalCluster.stop(directory.path)
        } catch {
            _ = try? await LocalCluster.stop(directory.path)
            throw error
        }
    }

    @Test func detachedServersStayUntilStopped() async throws {
        try await inDirectory { configuration in
            let urls = try await LocalCluster.start(configuration, lifetime: .detached).nodeURLs
            let status = try LocalCluster.status(of: configuration.directory)
            #expect(status.isAllRunning)
            #expect(status.nodeURLs == urls)
            let servers = identities(status)
            #expect(servers.count == 3)
            #expect(try await LocalCluster.stop(configuration.directory) == ["node-1", "node-2", "store-1"])
            #expect(!servers.contains { $0.isAlive })
            #expect(try LocalCluster.status(of: configuration.directory).members.allSatisfy { $0.state == .down })
            #expect(try await LocalCluster.stop(configuration.directory) == [])
        }
    }

    @Test func aSecondStartAdoptsAndRestartsTheDead() async throws {
        try await inDirectory { configuration in
            let first = try await LocalCluster.start(configuration, lifetime: .detached)
            #expect(first.adopted == [])
            await first.nodes[0].kill()
            let second = try await LocalCluster.start(configuration, lifetime: .detached)
            #expect(second.adopted == ["node-2", "store-1"])
            #expect(second.nodeURLs == first.nodeURLs)
            #expect(second.nodes[1].pid == first.nodes[1].pid)
            #expect(second.status.isAllRunning)
            // Adopted servers can be killed and restarted like our own.
            try await second.nodes[1].restart()
            #expect(second.nodes[1].pid != first.nodes[1].pid)
            #expect(try LocalCluster.status(of: configuration.directory).isAllRunning)
        }
    }

    @Test func anotherConfigurationIsRefused() async throws {
        try await inDirectory { configuration in
            _ = try await LocalCluster.start(configuration, lifetime: .detached)
            var more = configuration
            more.nodes = 3
            await #expect(throws: ClusterError.differs(path: configuration.directory, what: "2 nodes and 1 stores")) {
                try await LocalCluster.start(more, lifetime: .detached)
            }
            var weaker = configuration
            weaker.nodeFsync = .never
            await #expect(throws: ClusterError.self) { try await LocalCluster.start(weaker, lifetime: .detached) }
            await #expect(throws: ClusterError.running(path: configuration.directory)) {
                try await LocalCluster.start(configuration)
            }
        }
    }

    @Test func anEmbeddedClusterHoldsItsDirectory() async throws {
        try await inDirectory { configuration in
            let cluster = try await LocalCluster.start(configuration)
            let inUse = ClusterError.inUse(path: configuration.directory, by: "process \(getpid())")
            await #expect(throws: inUse) { try await LocalCluster.start(configuration) }
            await #expect(throws: inUse) { try await LocalCluster.start(configuration, lifetime: .detached) }
            await #expect(throws: inUse) { try await LocalCluster.stop(configuration.directory) }
            #expect(cluster.status.isAllRunning)
            await cluster.stop()
            let again = try await LocalCluster.start(configuration)
            #expect(again.nodeURLs == cluster.nodeURLs)
            await again.stop()
        }
    }

    @Test func twoStartersNeverRace() async throws {
        try await inDirectory { configuration in
            let outcomes = await withTaskGroup(of: Result<LocalCluster, any Error>.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        do { return .success(try await LocalCluster.start(configuration)) } catch {
                            return .failure(error)
                        }
                    }
                }
                var outcomes: [Result<LocalCluster, any Error>] = []
                for await outcome in group { outcomes.append(outcome) }
                return outcomes
            }
            let started = outcomes.compactMap { try? $0.get() }
            #expect(started.count == 1)
            for cluster in started { await cluster.stop() }
        }
    }

    @Test func aStaleStateFileMisleadsNobody() async throws {
        try await inDirectory { configuration in
            let cluster = try await LocalCluster.start(configuration)
            await cluster.stop()
            // As if the machine had been switched off: the recorded numbers belong to others now, here to us.
            let me = try #require(ProcessIdentity(pid: getpid()))
            var fields = try #require(
                try JSONSerialization.jsonObject(with: JSONEncoder().encode(me)) as? [String: Any])
            fields["startTicks"] = me.startTicks + 1
            let stale = try JSONDecoder().decode(
                ProcessIdentity.self, from: JSONSerialization.data(withJSONObject: fields))
            var state = try #require(try ClusterState.load(from: configuration.directory))
            for index in state.members.indices { state.members[index].process = stale }
            try state.save(to: configuration.directory)

            #expect(try LocalCluster.status(of: configuration.directory).members.allSatisfy { $0.state == .down })
            #expect(try await LocalCluster.stop(configuration.directory) == [])
            let again = try await LocalCluster.start(configuration)
            #expect(again.adopted == [])
            #expect(again.status.isAllRunning)
            #expect(again.nodeURLs == cluster.nodeURLs)
            await again.stop()
        }
    }

    @Test func aServerThatNobodyRecordedIsFound() async throws {
        try await inDirectory { configuration in
            let cluster = try await LocalCluster.start(configuration, lifetime: .detached)
            var state = try #require(try ClusterState.load(from: configuration.directory))
            for index in state.members.indices { state.members[index].process = nil }
            try state.save(to: configuration.directory)
            let again = try await LocalCluster.start(configuration, lifetime: .detached)
            #expect(again.adopted == ["node-1", "node-2", "store-1"])
            #expect(again.members.map(\.pid) == cluster.members.map(\.pid))
        }
    }

    @Test func serversDieWithAKilledStarter() async throws {
        try await inDirectory { configuration in
            let fixture = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
                .appending(path: "holdfast-fixture").path
            var command = Command(fixture, ["cluster", configuration.directory])
            command.output = .pipe
            let starter = try await ChildProcess.start(command)
            for try await line in try #require(starter.output).lines() where line == "ready" { break }
            let servers = identities(try LocalCluster.status(of: configuration.directory))
            #expect(servers.count == 4)
            starter.signal(.kill)
            _ = await starter.wait()
            for server in servers {
                try await server.waitForEnd()
                #expect(!server.isAlive)
            }
            // And the directory is free again.
            var same = configuration
            same.nodes = 3
            let again = try await LocalCluster.start(same)
            #expect(again.status.isAllRunning)
            await again.stop()
        }
    }
}
