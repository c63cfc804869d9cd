import Foundation
@testable import HoldfastCluster
import HoldfastProcess
import HoldfastRuntime
import Synchronization
import TestWorld
import Testing

@Suite("A cluster that cannot start")
struct ClusterErrorTests {
    @Test func noBinary() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        #expect {
            try ServerBinary.find(named: nil, path: directory.path)
        } throws: { error in
            "\(error)".contains("neither redis-server nor valkey-server") && "\(error)".contains("apt-get install")
        }
        #expect {
            try ServerBinary.find(named: "/nowhere/redis")
        } throws: { error in
            "\(error)".hasPrefix("HOLDFAST_REDIS_SERVER is '/nowhere/redis', but there is no executable")
        }
        // Valkey serves where Redis is missing.
        let valkey = directory.path + "/valkey-server"
        try Data("#!/bin/sh\n".utf8).write(to: URL(filePath: valkey))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: valkey)
        #expect(try ServerBinary.find(named: nil, path: directory.path) == valkey)
    }

    @Test(arguments: ["/proc/holdfast", "/etc/passwd/cluster", "/dev/null"])
    func unusableDirectory(_ path: String) async throws {
        await #expect {
            try await LocalCluster.start(ClusterConfiguration(nodes: 1, stores: 0, directory: path))
        } throws: { error in
            guard case ClusterError.directory(path, _) = error else { return false }
            return "\(error)".contains("choose another with --dir")
        }
    }

    @Test(arguments: [(-1, 1), (0, 0), (100, 0), (1, 10)])
    func unusableNumbers(_ nodes: Int, _ stores: Int) async throws {
        await #expect(throws: ClusterError.self) {
            try await LocalCluster.start(ClusterConfiguration(nodes: nodes, stores: stores, directory: "/nowhere"))
        }
    }

    @Test func noClusterThere() async throws {
        let missing = ClusterError.noCluster(path: "/nowhere")
        #expect(throws: missing) { try LocalCluster.status(of: "/nowhere") }
        await #expect(throws: missing) { try await LocalCluster.stop("/nowhere") }
    }

    @Test(arguments: ["", "{}", "[1, 2", "{\"version\": 99}"])
    func damagedState(_ text: String) async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try Data(text.utf8).write(to: URL(filePath: directory.path + "/cluster.json"))
        await #expect(throws: ClusterError.self) {
            try await LocalCluster.start(ClusterConfiguration(nodes: 1, stores: 0, directory: directory.path))
        }
        #expect(throws: ClusterError.self) { try LocalCluster.status(of: directory.path) }
        #expect(try String(contentsOfFile: directory.path + "/cluster.json", encoding: .utf8) == text)
    }

    @Test func aServerThatRefusesItsSettingsShowsItsLog() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        var configuration = ClusterConfiguration(nodes: 2, stores: 0, directory: directory.path)
        configuration.extraSettings = ["node-2": [ServerSetting("no-such-setting", "1")]]
        do {
            _ = try await LocalCluster.start(configuration)
            Issue.record("it started")
        } catch {
            guard case .didNotStart(let member, let reason, let log) = error else { throw error }
            #expect(member == "node-2")
            #expect(reason == "exit status 1")
            #expect(log.contains("no-such-setting"))
        }
        // The other server, which did start, is stopped again.
        #expect(try LocalCluster.status(of: directory.path).members.allSatisfy { $0.state == .down })
        configuration.extraSettings = ["node-3": []]
        await #expect(throws: ClusterError.self) { try await LocalCluster.start(configuration) }
    }

    @Test func aPortThatIsTakenIsExchangedAtTheStartOnly() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try await withTemporaryCluster(nodes: 1, stores: 0) { other in
            let configuration = ClusterConfiguration(nodes: 1, stores: 0, directory: directory.path)
            let cluster = try await LocalCluster.start(configuration)
            let node = cluster.nodes[0]
            await node.kill()
            node.state.withLock { $0.port = other.nodes[0].port }
            do {
                try await node.restart()
                Issue.record("it started on a port that is taken")
            } catch {
                guard case .didNotStart(_, let reason, let log) = error as? ClusterError else { throw error }
                // Whichever shows first: that our server ended, or that another one answers.
                #expect(log.contains("Address already in use") || reason.contains("is served by"))
            }
            #expect(node.pid == nil)
            // What the start of a cluster does when a port is taken between choosing and binding.
            try await node.start(onSamePort: false)
            #expect(node.port != other.nodes[0].port)
            #expect(cluster.status.isAllRunning)
            #expect(other.status.isAllRunning)
            await cluster.stop()
        }
    }

    @Test func aServerThatDoesNotAnswerIsEnded() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        var configuration = ClusterConfiguration(nodes: 1, stores: 0, directory: directory.path)
        configuration.startTimeout = .zero
        await #expect {
            try await LocalCluster.start(configuration)
        } throws: { error in
            "\(error)".hasPrefix("node-1 did not start: it did not answer within 0.0 s")
        }
        #expect(try LocalCluster.status(of: directory.path).members.allSatisfy { $0.state == .down })
    }

    @Test func aCancelledStartLeavesNothing() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let configuration = ClusterConfiguration(nodes: 3, stores: 0, directory: directory.path)
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    _ = try await LocalCluster.start(configuration)
                    return false
                } catch { return error as? ClusterError == .cancelled }
            }
            group.cancelAll()
            for await cancelled in group { #expect(cancelled) }
        }
        #expect(try LocalCluster.status(of: directory.path).members.allSatisfy { $0.state == .down })
    }

    @Test(arguments: [
        (ServerSetting("save", ""), "save \"\""), (ServerSetting("port", "7"), "port 7"),
        (ServerSetting("dir", "/a b"), "dir \"/a b\""), (ServerSetting("dir", "/a\"b\\"), "dir \"/a\\\"b\\\\\""),
        (ServerSetting("dir", "/ä\u{7}"), "dir \"/\\xc3\\xa4\\x07\""),
    ])
    func settingsAreQuoted(_ setting: ServerSetting, _ line: String) {
        #expect(setting.line == line)
    }

    @Test func aDirectoryWithAnyNameWorks() async throws {
        let parent = try TemporaryDirectory()
        defer { parent.remove() }
        let configuration = ClusterConfiguration(nodes: 1, stores: 0, directory: parent.path + "/a \"b\" 'ö' # \\n")
        let cluster = try await LocalCluster.start(configuration)
        #expect(cluster.status.isAllRunning)
        await cluster.stop()
    }
}
