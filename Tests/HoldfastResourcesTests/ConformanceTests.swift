import HoldfastConformance
import HoldfastResources
import Testing

/// The suite that judges adapters is judged itself: it lets a right one pass, and finds every flaw.
@Suite struct ConformanceTests {
    private func findings(_ flaw: Flaw?) async -> [String] {
        let store = FlawedResource.Store()
        var findings: [String] = []
        for conformance in ConformanceCase.all {
            do {
                try await conformance.run { name in try FlawedResource(name, in: store, flaw: flaw) }
            } catch {
                findings.append("\(conformance): \(error)")
            }
        }
        return findings
    }

    @Test func aRightResourcePasses() async {
        let findings = await findings(nil)
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }

    @Test(arguments: Flaw.allCases) func everyFlawIsFound(_ flaw: Flaw) async {
        let findings = await findings(flaw)
        #expect(!findings.isEmpty, "nothing was found although \(flaw.rawValue)")
    }
}
