import HoldfastAgents
import HoldfastHTTP
import HoldfastRuntime
import LocalHTTPServer
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct OpenAIModelTests {
    private static let answer = """
        {"choices":[{"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],\
        "usage":{"prompt_tokens":12,"completion_tokens":3}}
        """
    private let request = ModelRequest(messages: [.system("be brief"), .user("hello")])

    /// Runs `body` with a model whose server answers the tries with `answers`, one after the other.
    private func play(
        streams: Bool = false, runtime: RecordingRuntime = RecordingRuntime(skipping: .seconds(100)),
        apiKey: APIKey? = nil, retry: RetryPolicy = RetryPolicy(),
        _ answers: [@Sendable (LocalRequest, LocalResponder) async throws -> Void],
        _ body: @Sendable (OpenAIModel, CallLog) async throws -> Void
    ) async throws {
        let log = CallLog()
        try await LocalHTTPServer.run { request, responder in
            let index = log.all.count
            log.add(request.text)
            guard answers.indices.contains(index) else { return try await responder.answer(418, [], "no more") }
            try await answers[index](request, responder)
        } _: { server in
            try await withClient { client in
                let model = OpenAIModel(
                    name: "m1", baseURL: server.url + "/v1/", apiKey: apiKey, streams: streams, retry: retry,
                    client: client, runtime: runtime)
                try await body(model, log)
            }
        }
    }

    private func failure(_ model: OpenAIModel) async throws -> ModelError {
        do { throw Unexpected(try await model.complete(request)) } catch let error as ModelError { return error }
    }

    private static func sends(_ status: Int, _ text: String, _ fields: [(String, String)] = [])
        -> @Sendable (LocalRequest, LocalResponder) async throws -> Void
    {
        { _, responder in try await responder.answer(status, fields, text) }
    }

    private static func streams(_ events: [String], piece: Int = 7)
        -> @Sendable (LocalRequest, LocalResponder) async throws -> Void
    {
        { _, responder in
            try await responder.head(200, [("content-type", "text/event-stream")])
            let bytes = Array(events.map { "data: \($0)\n\n" }.joined().utf8)
            for start in stride(from: 0, to: bytes.count, by: piece) {
                try await responder.chunk(Array(bytes[start..<min(start + piece, bytes.count)]))
            }
            try await responder.end()
        }
    }

    @Test func asksAndReadsTheAnswer() async throws {
        try await play(
            apiKey: APIKey(" sk-1 \n"),
            [
                { request, responder in
                    #expect(request.method == "POST")
                    #expect(request.path == "/v1/chat/completions")
                    #expect(request["authorization"] == "Bearer sk-1")
                    #expect(request["content-type"] == "application/json")
                    try await responder.answer(200, [], Self.answer)
                }
            ]
        ) { model, log in
            let response = try await model.complete(request)
            #expect(response.text == "hi")
            #expect(response.finishReason == .stop)
            #expect(response.usage == TokenUsage(input: 12, output: 3))
            let sent = try JSONValue(text: log.all[0])
            #expect(sent["model"] == "m1")
            #expect(
                sent["messages"] == [
                    ["role": "system", "content": "be brief"], ["role": "user", "content": "hello"],
                ])
            #expect(sent["tools"] == nil)
        }
    }

    @Test func toolsCallsAndResultsTravelBothWays() async throws {
        let answer = #"""
            {"choices":[{"message":{"content":null,"tool_calls":[
            {"id":"c1","type":"function","function":{"name":"transfer","arguments":"{\"amount\":1}"}},
            {"type":"function","function":{"name":"balance","arguments":{"x":[1]}}}]},"finish_reason":"tool_calls"}]}
            """#
        try await play([Self.sends(200, answer)]) { model, log in
            let call = ToolCall(id: "c0", tool: "transfer", arguments: "{}")
            let tools = try ToolSet([TransferTool(log: CallLog())]).tools
            let response = try await model.complete(
                ModelRequest(
                    messages: [.assistant(text: nil, calls: [call]), .tool(callID: "c0", content: "done")],
                    tools: tools, toolChoice: .tool(named: "transfer"), allowsParallelCalls: false, temperature: 0.5,
                    maxOutputTokens: 9))
            #expect(
                response.calls == [
                    ToolCall(id: "c1", tool: "transfer", arguments: #"{"amount":1}"#),
                    ToolCall(id: "call_1", tool: "balance", arguments: #"{"x":[1]}"#),
                ])
            #expect(response.finishReason == .toolCalls)
            let sent = try JSONValue(text: log.all[0])
            #expect(
                sent["messages"]?[0]?["tool_calls"]?[0] == [
                    "id": "c0", "type": "function", "function": ["name": "transfer", "arguments": "{}"],
                ])
            #expect(sent["messages"]?[1] == ["role": "tool", "tool_call_id": "c0", "content": "done"])
            #expect(sent["tools"]?[0]?["function"]?["parameters"]?["required"] == ["from", "to", "amount"])
            #expect(sent["tool_choice"] == ["type": "function", "function": ["name": "transfer"]])
            #expect(sent["parallel_tool_calls"] == false)
            #expect(sent["temperature"] == 0.5)
            #expect(sent["max_completion_tokens"] == 9)
        }
    }

    @Test func streamedDeltasAreAssembled() async throws {
        let events = [
            #"{"choices":[{"delta":{"role":"assistant","content":"He"}}]}"#,
            #"{"choices":[{"delta":{"content":"llo é"}}]}"#,
            #"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c1","#
                + #""function":{"name":"move","arguments":""}}]}}]}"#,
            #"{"choices":[{"delta":{"tool_calls":[{"index":1,"id":"c2","function":{"name":"b","arguments":"{}"}}]}}]}"#,
            #"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"amo"}}]}}]}"#,
            #"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"unt\":5}"}}]}}]}"#,
            #"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#,
            #"{"choices":[],"usage":{"prompt_tokens":4,"completion_tokens":2}}"#,
            "[DONE]",
        ]
        for piece in [1, 7, 4096] {
            try await play(streams: true, [Self.streams(events, piece: piece)]) { model, log in
                let response = try await model.complete(request)
                #expect(response.text == "Hello é")
                #expect(
                    response.calls == [
                        ToolCall(id: "c1", tool: "move", arguments: #"{"amount":5}"#),
                        ToolCall(id: "c2", tool: "b", arguments: "{}"),
                    ])
                #expect(response.finishReason == .toolCalls)
                #expect(response.usage == TokenUsage(input: 4, output: 2))
                #expect(try JSONValue(text: log.all[0])["stream_options"]?["include_usage"] == true)
            }
        }
    }

    @Test func aStreamMayBeAnsweredWhole() async throws {
        try await play(streams: true, [Self.sends(200, Self.answer, [("content-type", "application/json")])]) {
            model, _ in
            let text = try await model.complete(request).text
            #expect(text == "hi")
        }
    }

    @Test func retryAfterIsObeyedInSecondsAndAsADateAndCapped() async throws {
        let runtime = RecordingRuntime(skipping: .seconds(100))
        try await play(
            runtime: runtime,
            [
                Self.sends(429, "{}", [("retry-after", "7")]),
                Self.sends(503, "busy", [("retry-after", "Sun, 06 Nov 1994 08:49:41 GMT")]),
                Self.sends(429, "{}", [("retry-after", "86400")]),
                Self.sends(200, Self.answer),
            ]
        ) { model, log in
            let text = try await model.complete(request).text
            #expect(text == "hi")
            #expect(runtime.sleeps == [.seconds(7), .seconds(11), .seconds(60)])
            #expect(Set(log.all).count == 1)
        }
    }

    @Test(arguments: [408, 409, 429, 500, 502, 503, 529])
    func retriesAreBoundedAndJittered(_ status: Int) async throws {
        let runtime = RecordingRuntime(skipping: .seconds(100))
        let answers = Array(repeating: Self.sends(status, #"{"error":{"message":"later"}}"#), count: 9)
        try await play(runtime: runtime, retry: RetryPolicy(attempts: 3, base: .seconds(1)), answers) { model, log in
            let error = try await failure(model)
            #expect(error == .refused(status: status, message: "later", attempts: 3))
            #expect(log.all.count == 3)
            #expect(runtime.sleeps.map(\.milliseconds) == [999, 1999])
        }
    }

    @Test(arguments: [400, 401, 403, 404, 422])
    func otherRefusalsAreFinalAndCarryTheMessageWithoutTheKey(_ status: Int) async throws {
        let body = #"{"error":{"message":"Incorrect key sk-secret given","type":"x"}}"#
        try await play(apiKey: APIKey("sk-secret"), [Self.sends(status, body)]) { model, log in
            let error = try await failure(model)
            #expect(error == .refused(status: status, message: "Incorrect key <API key> given", attempts: 1))
            #expect(log.all.count == 1)
            #expect(!"\(model) \(String(reflecting: model.apiKey))".contains("sk-secret"))
        }
    }

    @Test func aConnectionThatIsCutBeforeTheAnswerIsTriedAgain() async throws {
        let runtime = RecordingRuntime(skipping: .seconds(100))
        try await play(
            runtime: runtime, [{ _, responder in try await responder.cut() }, Self.sends(200, Self.answer)]
        ) { model, log in
            let text = try await model.complete(request).text
            #expect(text == "hi")
            #expect(log.all.count == 2)
        }
    }

    @Test(arguments: [
        ("", "not JSON"), ("<html>", "not JSON"), ("{\"choices\":[{", "not JSON"), ("{}", "no choices"),
        ("{\"choices\":[{}]}", "no message"), ("{\"error\":{\"message\":\"overloaded\"}}", "overloaded"),
        ("{\"choices\":[{\"message\":{\"tool_calls\":[{\"function\":{}}]}}]}", "names no function"),
    ])
    func brokenAnswersAreTypedErrorsAndNotRetried(_ body: String, _ reason: String) async throws {
        try await play([Self.sends(200, body)]) { model, log in
            guard case .malformedAnswer(let text) = try await failure(model) else { throw Unexpected(body) }
            #expect(text.contains(reason))
            #expect(log.all.count == 1)
        }
    }

    @Test func noChoicesIsAnEmptyAnswer() async throws {
        try await play([Self.sends(200, #"{"choices":[]}"#)]) { model, _ in
            let error = try await failure(model)
            #expect(error == .emptyAnswer)
        }
        try await play(streams: true, [Self.streams(["[DONE]"])]) { model, _ in
            let error = try await failure(model)
            #expect(error == .emptyAnswer)
        }
    }

    @Test func streamsThatBreakAreTypedErrors() async throws {
        let start = #"{"choices":[{"delta":{"content":"He"}}]}"#
        try await play(streams: true, [Self.streams([start])]) { model, _ in
            let error = try await failure(model)
            #expect(error == .endedEarly)
        }
        let cut: @Sendable (LocalRequest, LocalResponder) async throws -> Void = { _, responder in
            try await responder.head(200, [("content-type", "text/event-stream")])
            try await responder.chunk("data: \(start)\n\n")
            try await responder.cut()
        }
        try await play(streams: true, [cut]) { model, _ in
            let error = try await failure(model)
            #expect(error == .endedEarly)
        }
        for event in ["{", #"{"error":{"message":"x"}}"#, #"{"choices":[{"delta":{"tool_calls":[{"index":-1}]}}]}"#] {
            try await play(streams: true, [Self.streams([start, event, "[DONE]"])]) { model, _ in
                guard case .malformedAnswer = try await failure(model) else { throw Unexpected(event) }
            }
        }
    }

    @Test func cancellationEndsTheRequestAndTheBackOff() async throws {
        let arrived = Signal()
        try await play([
            { _, responder in
                arrived.send()
                try await responder.hang()
            }
        ]) { model, _ in
            let task = Task { try await failure(model) }
            await arrived.wait()
            task.cancel()
            let error = try await task.value
            #expect(error == .cancelled)
        }
        let limited = Signal()
        try await play(
            runtime: RecordingRuntime(skipping: .zero),
            [
                { _, responder in
                    try await responder.answer(429, [("retry-after", "50")])
                    limited.send()
                }
            ]
        ) { model, log in
            let task = Task { try await failure(model) }
            await limited.wait()
            task.cancel()
            let error = try await task.value
            #expect(error == .cancelled)
            #expect(log.all.count == 1)
        }
    }
}
