import Foundation
import Holdfast
import HoldfastCluster
import Testing

/// The guides' examples are this target's own code, and they run.
@Suite struct GuideTests {
    @Test func everyBlockStandsInTheGuide() throws {
        let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let source = try String(contentsOf: here.appendingPathComponent("LockGuideExample.swift"), encoding: .utf8)
        let guide = try String(contentsOf: here.appendingPathComponent("../../docs/locks.md"), encoding: .utf8)
        let blocks = source.components(separatedBy: "    // GUIDE ").dropFirst().filter { !$0.hasPrefix("end") }
        #expect(blocks.count == 7)
        for block in blocks {
            let lines = block.split(separator: "\n", omittingEmptySubsequences: false).dropFirst().dropLast()
            let code = lines.map { $0.hasPrefix("    ") ? $0.dropFirst(4) : $0 }.joined(separator: "\n")
            #expect(guide.contains("```swift\n\(code)\n```"), "copy this into docs/locks.md:\n\(code)")
        }
        // Nothing in the guide that does not run.
        #expect(guide.components(separatedBy: "```swift").count - 1 == blocks.count)
    }

    @Test(.timeLimit(.minutes(2))) func theLockGuideRuns() async throws {
        try await withTemporaryCluster(nodes: 3, stores: 1) { cluster in
            _ = try await LockCluster.initialize(try LockClusterConfiguration(urls: cluster.nodeURLs))
            let store = RedisClient(try RedisConfiguration(url: cluster.storeURLs[0]))
            let resource = try RedisResource("guide", on: store)
            try await guideExample(urls: cluster.nodeURLs, resource: resource)
            let value = try await resource.raise(to: FencingToken(rawValue: 1000))
            #expect(value.map { String(decoding: $0, as: UTF8.self) } == "reminded ")
            await store.close()
        }
    }
}
