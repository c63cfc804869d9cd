import HoldfastAgents
import Testing

@Suite struct ScriptedModelTests {
    @Test func theNextTurnIsDecidedByTheConversationAlone() async throws {
        let model = try ScriptedModel(
            json: #"""
                {"turns": [
                    {"calls": [{"tool": "balance", "arguments": {"account": "a"}}, {"tool": "accounts"}]},
                    {"expect": "40", "say": "It is 40."}
                ]}
                """#)
        let first = try await model.complete(ModelRequest(messages: [.user("?")]))
        #expect(first == (try await model.complete(ModelRequest(messages: [.user("?")]))))
        #expect(
            first.calls == [
                ToolCall(id: "call_0_0", tool: "balance", arguments: #"{"account":"a"}"#),
                ToolCall(id: "call_0_1", tool: "accounts", arguments: "{}"),
            ])
        let second = [
            Message.user("?"), .assistant(text: nil, calls: first.calls),
            .tool(callID: "call_0_0", content: "you have 40"),
        ]
        #expect(try await model.complete(ModelRequest(messages: second)).text == "It is 40.")
        let wrong = [Message.assistant(text: nil, calls: []), .tool(callID: "x", content: "39")]
        let error = await #expect(throws: ModelError.self) {
            try await model.complete(ModelRequest(messages: wrong))
        }
        #expect(error?.description.contains("turns[1].expect") == true)
        await #expect(throws: ModelError.self) {
            try await model.complete(ModelRequest(messages: second + [.assistant(text: "", calls: [])]))
        }
    }

    @Test(arguments: [
        ("", ""), ("[]", ""), ("{}", "turns"), (#"{"turns": []}"#, "turns"), (#"{"turns": 1}"#, "turns"),
        (#"{"turns": [{"say": "a"}], "trun": 1}"#, "trun"), (#"{"turns": [{}]}"#, "turns[0]"),
        (#"{"turns": [{"say": 1}]}"#, "turns[0].say"), (#"{"turns": [{"sya": "a"}]}"#, "turns[0].sya"),
        (#"{"turns": [{"say": "a"}, 7]}"#, "turns[1]"), (#"{"turns": [{"calls": []}]}"#, "turns[0].calls"),
        (#"{"turns": [{"calls": [{"arguments": {}}]}]}"#, "turns[0].calls[0]"),
        (#"{"turns": [{"calls": [{"tool": "a", "arguments": []}]}]}"#, "turns[0].calls[0].arguments"),
        (#"{"turns": [{"calls": [{"tool": "a", "args": {}}]}]}"#, "turns[0].calls[0].args"),
        (#"{"turns": [{"say": "a", "expect": ["b"]}]}"#, "turns[0].expect"),
    ])
    func aBadScriptSaysWhere(_ json: String, _ position: String) {
        let error = #expect(throws: ScriptError.self) { try ScriptedModel(json: json) }
        #expect(error?.position == position)
    }

    @Test(arguments: ["/no/such/file", "/dev/zero", "/", ""])
    func aFileThatCannotBeReadIsSaidSo(_ path: String) {
        let error = #expect(throws: ScriptError.self) { try ScriptedModel(path: path) }
        #expect(error?.message.contains("cannot read \(path)") == true)
    }
}
