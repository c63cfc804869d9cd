import HoldfastAgents
import Testing

@Suite struct JSONValueTests {
    @Test func integersAreExactUpToInt64() throws {
        let text = "[9223372036854775807,-9223372036854775808,9007199254740993,0.5,1e3]"
        let value = try JSONValue(text: text)
        #expect(value[0] == .integer(.max))
        #expect(value[1] == .integer(.min))
        #expect(value[2] == .integer(9_007_199_254_740_993))
        #expect(value[3] == .number(0.5))
        #expect(value[4] == .integer(1000))
        #expect(try JSONValue(text: "9223372036854775808") == .number(9_223_372_036_854_775_808))
    }

    @Test func textsComeBackEqual() throws {
        let value: JSONValue = [
            "b": [true, nil, 3, 1.25, "qu\"o\\te\n\u{1}é😀"], "a": ["x": []], "": ["y": [:]],
        ]
        #expect(try JSONValue(text: value.text) == value)
        #expect(value.text.hasPrefix(#"{"":{"y":{}},"a":{"x":[]},"b":[true,null,3,1.25,"qu\"o\\te\n\u0001"#))
        #expect(try JSONValue(encoding: value) == value)
        #expect(try value.decoded(as: JSONValue.self) == value)
        #expect(JSONValue.number(.infinity).text == "null")
    }

    @Test(arguments: ["", "{", "[1", "nul", "{\"a\":}", "\"", "1 2", "{'a':1}", "\u{0}"])
    func whatIsNotJSONIsRefused(_ text: String) {
        #expect(throws: JSONValue.NotJSON.self) { try JSONValue(text: text) }
    }

    @Test func deepNestingIsRefusedOrReadAndNeverCrashes() throws {
        #expect(try JSONValue(text: nested(200)).array != nil)
        #expect(throws: JSONValue.NotJSON.self) { try JSONValue(text: nested(100_000)) }
    }

    private func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
}
