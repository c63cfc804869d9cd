import Foundation
import Holdfast
import HoldfastCluster
import Testing

/// The README's example is this target's own code, and it runs.
@Suite struct ReadmeTests {
    @Test func theExampleIsTheOneThatRuns() throws {
        let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let source = try String(contentsOf: here.appendingPathComponent("ReadmeExample.swift"), encoding: .utf8)
        let readme = try String(contentsOf: here.appendingPathComponent("../../README.md"), encoding: .utf8)
        let begin = try #require(source.range(of: "// README begin\n"))
        let end = try #require(source.range(of: "// README end"))
        let code = source[begin.upperBound..<end.lowerBound]
        #expect(readme.contains("```swift\n\(code)```"), "copy the example into README.md")
    }

    @Test(.timeLimit(.minutes(2))) func theExampleDoesWhatItSays() async throws {
        try await withTemporaryCluster(nodes: 3, stores: 1) { cluster in
            _ = try await LockCluster.initialize(try LockClusterConfiguration(urls: cluster.nodeURLs))
            let model = ScriptedModel(turns: [
                .init(calls: [.init("transfer", ["from": "alice", "to": "bob", "amount": 5])]),
                .init(say: "Done.", expect: "journal"),
            ])
            for _ in 0..<2 {
                let (shouted, answer) = try await example(
                    nodeURLs: cluster.nodeURLs, storeURL: cluster.storeURLs[0], model: model)
                #expect(shouted == "HELLO" && answer == "Done.")
            }
            let store = RedisClient(try RedisConfiguration(url: cluster.storeURLs[0]))
            let balances = try await Ledger(on: store).balances()
            #expect(balances == ["alice": 5, "bob": 5], "the second run repeated the same effect")
            await store.close()
        }
    }
}
