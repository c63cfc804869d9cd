import Foundation
import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import Testing

@testable import HoldfastChaos

/// What is loaded before a real server's own library does what its fault says, and nothing before it is told to.
@Suite(.serialized) struct ShimTests {
    private func withNode(
        _ body: (ClusterMember, Disks, Clocks, RedisClient) async throws -> Void
    ) async throws {
        try await ChaosProgram.withDirectory { directory in
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            var configuration = ClusterConfiguration(nodes: 1, stores: 0, directory: directory + "/cluster")
            // Both at once: one must not push the other out.
            let disks = try await Disks.prepare(nodes: 1, in: directory)
            disks.equip(&configuration)
            let clocks = try await Clocks.prepare(nodes: 1, in: directory, runtime: LiveRuntime())
            clocks.equip(&configuration)
            try #require(
                disks.pages.count == 1 && clocks.pages.count == 1, "\(disks.failure as Any) \(clocks.failure as Any)")
            let cluster = try await LocalCluster.start(configuration)
            let client = RedisClient(try RedisConfiguration(url: cluster.nodeURLs[0]))
            let outcome = await Result { try await body(cluster.nodes[0], disks, clocks, client) }
            await client.close(grace: .zero)
            await cluster.stop(grace: .seconds(2))
            try outcome.get()
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: [FaultSpec.Kind.diskFull, .fsyncError])
    func aServerWhoseDiskFailsEndsAndForgetsNothing(kind: FaultSpec.Kind) async throws {
        try await withNode { node, disks, _, client in
            _ = try await client.send(RedisCommand("SET", "before", 1))
            disks.pages[0].fail(kind)
            await #expect(throws: RedisError.self) { _ = try await client.send(RedisCommand("SET", "during", 1)) }
            try await node.waitForEnd()
            disks.pages[0].mend()
            try await node.restart()
            let before = try await client.send(RedisCommand("EXISTS", "before").idempotent)
            #expect(before.integer == 1)
            let log = try String(contentsOfFile: node.logPath, encoding: .utf8)
            #expect(log.contains(kind == .diskFull ? "No space left on device" : "Input/output error"))
        }
    }

    @Test(.timeLimit(.minutes(1))) func aLibraryThatCannotBeBuiltIsNoAbsence() async throws {
        try await ChaosProgram.withDirectory { directory in
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let broken = await #expect(throws: Shim.Failure.self) {
                try await Shim.build("broken", "int f(void) { return g; }\n", in: directory)
            }
            #expect(broken?.isAbsence == false && broken?.description.contains("error") == true, "\(broken as Any)")
            let absent = await #expect(throws: Shim.Failure.self) {
                try await Shim.build("whole", "int f;\n", in: directory, compiler: "no-such-compiler")
            }
            #expect(absent?.isAbsence == true)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aClockIsSetBesideAFailingDisk() async throws {
        try await withNode { _, _, clocks, client in
            clocks.pages[0].set(shift: .seconds(1_000_000), rate: 1)
            let ahead = try await client.send(RedisCommand("TIME").idempotent).array?.first?.text.flatMap(Int64.init)
            clocks.pages[0].reset()
            let now = try await client.send(RedisCommand("TIME").idempotent).array?.first?.text.flatMap(Int64.init)
            #expect(try #require(ahead) - #require(now) > 900_000)
        }
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
