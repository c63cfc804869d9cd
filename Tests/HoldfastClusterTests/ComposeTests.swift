import Foundation
@testable import HoldfastCluster
import HoldfastProcess
import HoldfastRedis
import HoldfastRuntime
import TestWorld
import Testing
import Yams

/// docker-compose.yml against what `holdfast cluster up` does.
@Suite("docker-compose.yml")
struct ComposeTests {
    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    private let services: [String: [String: Any]]
    private let volumes: [String: Any]

    init() throws {
        let text = try String(contentsOfFile: Self.root + "/docker-compose.yml", encoding: .utf8)
        let file = try #require(try Yams.load(yaml: text) as? [String: Any])
        services = try #require(file["services"] as? [String: [String: Any]])
        volumes = try #require(file["volumes"] as? [String: Any])
    }

    private static let redis = ClusterConfiguration(directory: "/x").members.map(\.name)

    /// What a server of the file is started with.
    private func expectedCommand(_ role: MemberRole) -> [String] {
        let settings = role == .lockNode ? ServerSetting.lockNode() : ServerSetting.store()
        return ["redis-server"] + settings.flatMap { ["--\($0.name)", $0.value] } + ["--protected-mode", "no"]
    }

    @Test func hasTheMembersOfADefaultCluster() {
        #expect(Set(services.keys) == Set(Self.redis + ["locks", "worker"]))
    }

    @Test(arguments: ClusterConfiguration(directory: "/x").members.map(\.name))
    func serversHaveTheSettingsOfALocalCluster(_ name: String) throws {
        let service = try #require(services[name])
        let role: MemberRole = name.hasPrefix("node") ? .lockNode : .store
        #expect(service["command"] as? [String] == expectedCommand(role))
        #expect(service["volumes"] as? [String] == ["\(name):/data"], "a volume of its own")
        #expect(volumes.keys.contains(name))
        #expect(service["ports"] == nil, "nothing is published")
        let check = try #require(service["healthcheck"] as? [String: Any])
        #expect((check["test"] as? [String])?.last?.contains("redis-cli ping") == true)
    }

    @Test func workersScaleAndWaitForHealthyServers() throws {
        let worker = try #require(services["worker"])
        for fixed in ["container_name", "ports", "hostname"] { #expect(worker[fixed] == nil, "\(fixed)") }
        let conditions = try #require(worker["depends_on"] as? [String: [String: String]])
        #expect(conditions["locks"]?["condition"] == "service_completed_successfully")
        #expect(conditions["store-1"]?["condition"] == "service_healthy")
        let variables = try #require(worker["environment"] as? [String: String])
        let nodes = Self.redis.filter { $0.hasPrefix("node") }.map { "redis://\($0):6379" }
        #expect(variables["HOLDFAST_NODES"] == nodes.joined(separator: ","))
        #expect(variables["HOLDFAST_STORE"] == "redis://store-1:6379")
    }

    @Test func theNodesBecomeALockClusterBeforeAnybodyWorks() throws {
        let locks = try #require(services["locks"])
        #expect(locks["command"] as? [String] == ["cluster", "init"])
        let conditions = try #require(locks["depends_on"] as? [String: [String: String]])
        #expect(Set(conditions.keys) == Set(Self.redis.filter { $0.hasPrefix("node") }))
        #expect(conditions.values.allSatisfy { $0["condition"] == "service_healthy" })
    }

    /// The container's command, run here: the server must understand it.
    @Test(arguments: [MemberRole.lockNode, .store]) func theServerUnderstandsItsCommand(_ role: MemberRole) async throws
    {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let port = try FreePort.choose(avoiding: [], runtime: LiveRuntime())
        let place = ["--port", "\(port)", "--dir", directory.path, "--bind", "127.0.0.1"]
        var command = Command(try ServerBinary.find(), expectedCommand(role).dropFirst() + place)
        command.output = .null
        let child = try await ChildProcess.start(command)
        let readiness = await Readiness.await(
            .child(child), port: port, patience: .seconds(30), runtime: LiveRuntime())
        #expect(readiness == .ready)
        let client = RedisClient(try RedisConfiguration(url: "redis://127.0.0.1:\(port)"))
        for setting in role == .lockNode ? ServerSetting.lockNode() : ServerSetting.store() {
            let reply = try await client.send(RedisCommand("CONFIG", "GET", RedisArgument(setting.name)))
            #expect(reply.array?.last?.text == setting.value, "\(setting.name)")
        }
        await client.close(grace: .zero)
        await child.terminate(grace: .seconds(5))
    }

    @Test(.enabled("Docker Compose is not installed", { await ComposeTests.compose() != nil }))
    func composeAcceptsIt() async throws {
        var command = try #require(await Self.compose())
        command.arguments += ["--file", Self.root + "/docker-compose.yml", "config", "--quiet"]
        command.error = .pipe
        let child = try await ChildProcess.start(command)
        let complaint = String(decoding: try #require(try await child.error?.readAll()), as: UTF8.self)
        #expect(await child.wait() == .exited(0), "\(complaint)")
    }

    /// `docker compose` or `docker-compose`, whichever works here.
    private static func compose() async -> Command? {
        for words in [["docker", "compose"], ["docker-compose"]] {
            var command = Command(words[0], Array(words.dropFirst()) + ["version"])
            (command.output, command.error) = (.null, .null)
            guard let child = try? await ChildProcess.start(command), await child.wait().isSuccess else { continue }
            command.arguments.removeLast()
            return command
        }
        return nil
    }
}
