import HoldfastAgents
import Testing

@Suite struct JSONSchemaTests {
    private let schema = JSONSchema.object([
        .required("name", .string(length: 1...3, description: "short")),
        .required("count", .integer(1...10)),
        .optional("ratio", .number(0...1)),
        .optional("mode", .choice(["fast", "safe"], default: "safe")),
        .optional("legs", .array(of: .object([.required("amount", .integer(0...5))]), count: 1...2)),
        .optional("dry", .boolean()),
    ])

    @Test func itIsWrittenAsJSONSchema() throws {
        let expected = """
            {"additionalProperties":false,"properties":{"count":{"maximum":10,"minimum":1,"type":"integer"},\
            "dry":{"type":"boolean"},"legs":{"items":{"additionalProperties":false,"properties":{"amount":\
            {"maximum":5,"minimum":0,"type":"integer"}},"required":["amount"],"type":"object"},"maxItems":2,\
            "minItems":1,"type":"array"},"mode":{"default":"safe","enum":["fast","safe"],"type":"string"},\
            "name":{"description":"short","maxLength":3,"minLength":1,"type":"string"},\
            "ratio":{"maximum":1.0,"minimum":0.0,"type":"number"}},"required":["name","count"],"type":"object"}
            """
        #expect(schema.json.text == expected)
        #expect(JSONSchema.integer().json.text == #"{"type":"integer"}"#)
    }

    @Test func valuesThatFitGetTheirDefaults() throws {
        let checked = try schema.checked(["name": "é", "count": 10, "ratio": 1, "dry": nil])
        #expect(checked == ["name": "é", "count": 10, "ratio": 1, "mode": "safe"])
    }

    @Test(arguments: [
        (#"{"count":1}"#, "arguments.name: is required and missing"),
        (#"{"name":"a","count":0}"#, "arguments.count: must be at least 1, got 0"),
        (#"{"name":"a","count":11}"#, "arguments.count: must be at most 10, got 11"),
        (#"{"name":"a","count":"1"}"#, #"arguments.count: must be an integer, got a string: "1""#),
        (#"{"name":"a","count":1.5}"#, "arguments.count: must be an integer, got a number: 1.5"),
        (#"{"name":"abcd","count":1}"#, "arguments.name: must be at most 3 characters, got 4"),
        (#"{"name":null,"count":1}"#, "arguments.name: must be a string, got null: null"),
        (#"{"name":"a","count":1,"mode":"slow"}"#, #"arguments.mode: must be one of fast, safe, got "slow""#),
        (#"{"name":"a","count":1,"ratio":1.1}"#, "arguments.ratio: must be at most 1.0, got 1.1"),
        (#"{"name":"a","count":1,"dry":1}"#, "arguments.dry: must be a boolean, got an integer: 1"),
        (
            #"{"name":"a","count":1,"legs":[{"amount":1},{"amount":9}]}"#,
            "arguments.legs[1].amount: must be at most 5, got 9"
        ),
        (#"{"name":"a","count":1,"legs":[]}"#, "arguments.legs: must be at least 1 elements, got 0"),
        (
            #"{"name":"a","count":1,"nmae":"b"}"#,
            "arguments.nmae: is unknown; allowed: name, count, ratio, mode, legs, dry"
        ),
        ("[]", "arguments: must be an object, got an array: []"),
    ])
    func everyViolationNamesItsPath(_ text: String, _ message: String) throws {
        let error = #expect(throws: SchemaViolations.self) { try schema.checked(try JSONValue(text: text)) }
        #expect(error?.description == message)
    }

    @Test func violationsAreAllToldUpToALimit() {
        let members = (0..<100).map { ("x\($0)", JSONValue.null) }
        let value = JSONValue.object(Dictionary(members) { first, _ in first })
        let error = #expect(throws: SchemaViolations.self) { try schema.checked(value) }
        #expect(error?.violations.count == SchemaViolations.limit)
    }
}
