import HoldfastAgents
import Testing

@Suite struct ToolSetTests {
    private func tool(_ name: String, _ parameters: JSONSchema = .object()) -> AnyTool {
        AnyTool(name: name, description: "", parameters: parameters, effect: .pure) { _, _ in nil }
    }

    @Test func namesAreUniqueAndFitForAModel() throws {
        #expect(try ToolSet([tool("a"), tool("b-1_C")])["b-1_C"] != nil)
        #expect(throws: ToolSet.Mistake.duplicateName("a")) { try ToolSet([tool("a"), tool("a")]) }
        for name in ["", "a b", "é", "a\n", String(repeating: "a", count: 65)] {
            #expect(throws: ToolSet.Mistake.badName(name)) { try ToolSet([tool(name)]) }
        }
    }

    @Test func wrongSchemasAreFoundAtOnce() {
        for schema in [
            JSONSchema.string(), .object([.required("a", .string()), .optional("a", .string())]),
            .object([.optional("a", .integer(1...2, default: 3))]), .object([.optional("a", .choice([]))]),
        ] {
            #expect(throws: ToolSet.Mistake.self) { try ToolSet([tool("t", schema)]) }
        }
    }

    @Test func typedArgumentsThatDoNotDecodeAreRefusedAndNothingRuns() async throws {
        let log = CallLog()
        let context = ToolContext(runID: "r", step: 1, index: 0)
        let error = await #expect(throws: ToolError.self) {
            try await AnyTool(TransferTool(log: log)).call(["from": 1], context: context)
        }
        #expect(error?.outcome == .notApplied)
        #expect(log.all.isEmpty)
    }

    @Test func keysAreMadeOfThePositionAlone() {
        let context = ToolContext(runID: "run:7", step: 2, index: 3)
        #expect(context.idempotencyKey == "run:7:2:3")
        #expect(ToolContext(runID: "run:7", step: 2, index: 3, attempt: 9).idempotencyKey == "run:7:2:3")
    }
}
