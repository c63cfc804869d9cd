import Testing

/// The style guide as a test.
@Suite("The sources are tidy")
struct TidyTests {
    static let rules: [Rule] = [
        .lineLength, .fileLength, .whiteSpace, .leftover, .trap, .seam, .script, .imports,
    ]

    @Test(arguments: rules.map(\.name))
    func rule(_ name: String) throws {
        let rule = try #require(Self.rules.first { $0.name == name })
        let files = try Repository.sources()
        #expect(files.count > 5, "the walk found no sources")
        let findings = files.flatMap(rule.findings)
        #expect(findings.isEmpty, "\(findings.map(\.description).joined(separator: "\n"))")
    }

    @Test func noBuildOutputIsCommitted() throws {
        guard let tracked = try Repository.trackedPaths() else { return }
        let output = tracked.filter(Repository.isOutput)
        #expect(output.isEmpty, "committed: \(output.joined(separator: ", "))")
    }
}
