import Foundation
import HoldfastCluster
import Testing

@Suite("The guide to clusters")
struct GuideTests {
    /// The example of docs/cluster.md.
    @Test func example() async throws {
        // begin
        try await withTemporaryCluster(nodes: 3, stores: 1) { cluster in
            let node = cluster.nodes[0]
            await node.kill()
            try await node.restart()
            try await node.restart(empty: true)
            await node.pause()
            node.resume()
        }
        // end
    }

    @Test func showsTheCodeThatRunsHere() throws {
        func code(_ lines: some Sequence<Substring>) -> [String] {
            lines.map { line in
                let code = line.split(separator: " //", maxSplits: 1).first ?? ""
                return code.trimmingCharacters(in: .whitespaces)
            }
        }
        let root = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let guide = try String(contentsOf: root.appending(path: "docs/cluster.md"), encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false)
        let here = try String(contentsOfFile: #filePath, encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false)
        let shown = guide.drop { $0 != "```swift" }.dropFirst().prefix { $0 != "```" }
        let run = here.drop { !$0.hasSuffix("// begin") }.dropFirst().prefix { !$0.hasSuffix("// end") }
        #expect(!shown.isEmpty)
        #expect(code(shown) == code(run))
    }
}
