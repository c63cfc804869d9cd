import Foundation
@testable import HoldfastCluster
import HoldfastProcess
import HoldfastRedis
import HoldfastRuntime
import TestWorld
import Testing

@Suite("A local cluster")
struct LocalClusterTests {
    /// Sends one command on a connection of its own.
    private func send(_ command: RedisCommand, to member: ClusterMember) async throws -> RedisReply {
        let client = RedisClient(try RedisConfiguration(url: member.url))
        do {
            let reply = try await client.send(command)
            await client.close(grace: .zero)
            return reply
        } catch {
            await client.close(grace: .zero)
            throw error
        }
    }

    @Test func answersWithItsSettings() async throws {
        try await withTemporaryCluster(nodes: 3, stores: 1) { cluster in
            #expect(cluster.members.map(\.name) == ["node-1", "node-2", "node-3", "store-1"])
            #expect(Set(cluster.members.map(\.port)).count == 4)
            #expect(cluster.status.isAllRunning)
            #expect(cluster.nodeURLs.count == 3)
            #expect(cluster.storeURLs == [cluster.members[3].url])
            for member in cluster.members {
                let reply = try await send(RedisCommand("PING"), to: member)
                #expect(reply.text == "PONG")
                let settings = cluster.configuration.settings(of: member.name, role: member.role)
                for setting in settings where setting.name != "daemonize" {
                    let reply = try await send(RedisCommand("CONFIG", "GET", RedisArgument(setting.name)), to: member)
                    #expect(reply.array?.last?.text == setting.value, "\(setting.name) of \(member.name)")
                }
                let role = try await send(RedisCommand("ROLE"), to: member)
                #expect(role.array?.first?.text == "master")
            }
            let fsync = try await send(RedisCommand("CONFIG", "GET", "appendfsync"), to: cluster.stores[0])
            #expect(fsync.array?.last?.text == "everysec")
        }
    }

    @Test func aKilledNodeKeepsItsDataAndItsPort() async throws {
        try await withTemporaryCluster(nodes: 1, stores: 0) { cluster in
            let node = cluster.nodes[0]
            let (port, pid) = (node.port, try #require(node.pid))
            _ = try await send(RedisCommand("SET", "key", "value"), to: node)
            await node.kill()
            #expect(node.pid == nil)
            #expect(node.status.state == .down)
            let recorded = try LocalCluster.status(of: cluster.directory)
            #expect(recorded.members[0].state == .down)
            try await node.restart()
            #expect(node.port == port)
            #expect(node.pid != pid)
            let reply = try await send(RedisCommand("GET", "key"), to: node)
            #expect(reply.text == "value")
        }
    }

    @Test func anEmptyRestartForgets() async throws {
        try await withTemporaryCluster(nodes: 1, stores: 0) { cluster in
            let node = cluster.nodes[0]
            _ = try await send(RedisCommand("SET", "key", "value"), to: node)
            try await node.restart(empty: true)
            let reply = try await send(RedisCommand("GET", "key"), to: node)
            #expect(reply.isNull)
        }
    }

    @Test func aPauseIsSeenAndEnds() async throws {
        try await withTemporaryCluster(nodes: 1, stores: 0) { cluster in
            let node = cluster.nodes[0]
            #expect(await node.pause())
            #expect(node.status.state == .paused)
            let recorded = try LocalCluster.status(of: cluster.directory)
            #expect(recorded.members[0].state == .paused)
            #expect(node.resume())
            let reply = try await send(RedisCommand("PING"), to: node)
            #expect(reply.text == "PONG")
            #expect(node.status.state == .running)
            // A paused server is stopped all the same, by the end of `withTemporaryCluster`.
            await node.pause()
        }
    }

    @Test func whoWaitsForTheEndHearsOfIt() async throws {
        try await withTemporaryCluster(nodes: 1, stores: 0) { cluster in
            let node = cluster.nodes[0]
            async let ended: Void = node.waitForEnd()
            await node.kill()
            try await ended
            try await node.waitForEnd()
        }
    }

    @Test func nothingIsLeftRunning() async throws {
        var directory = ""
        let identities = try await withTemporaryCluster(nodes: 2, stores: 1) { cluster in
            directory = cluster.directory
            return cluster.members.compactMap { $0.pid.flatMap(ProcessIdentity.init) }
        }
        #expect(identities.count == 3)
        #expect(!identities.contains { $0.isAlive })
        #expect(!FileManager.default.fileExists(atPath: directory))
    }

    @Test func nothingIsLeftRunningAfterAnError() async throws {
        struct Unhappy: Error {}
        nonisolated(unsafe) var identity: ProcessIdentity?
        await #expect(throws: Unhappy.self) {
            try await withTemporaryCluster(nodes: 1, stores: 0) { cluster in
                identity = cluster.members[0].pid.flatMap(ProcessIdentity.init)
                throw Unhappy()
            }
        }
        let server = try #require(identity)
        #expect(!server.isAlive)
    }

    @Test func aClusterThatIsDroppedDies() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        func start() async throws -> ProcessIdentity {
            let cluster = try await LocalCluster.start(
                ClusterConfiguration(nodes: 1, stores: 0, directory: directory.path))
            return try #require(cluster.members[0].pid.flatMap(ProcessIdentity.init))
        }
        let identity = try await start()
        try await identity.waitForEnd()
        #expect(!identity.isAlive)
    }

    @Test func portsAreBelowTheEphemeralRange() throws {
        let port = try FreePort.choose(avoiding: [], runtime: LiveRuntime())
        #expect(FreePort.range.contains(port))
        #expect(FreePort.isFree(port))
    }
}
