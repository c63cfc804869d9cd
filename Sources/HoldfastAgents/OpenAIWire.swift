internal import HoldfastHTTP

/// The JSON of the chat-completions API.
enum OpenAIWire {
    static func body(_ request: ModelRequest, model: String, streams: Bool) -> JSONValue {
        var body: [String: JSONValue] = [
            "model": .string(model), "messages": .array(request.messages.map(message)),
        ]
        if !request.tools.isEmpty {
            body["tools"] = .array(request.tools.map(tool))
            body["tool_choice"] = choice(request.toolChoice)
            if !request.allowsParallelCalls { body["parallel_tool_calls"] = false }
        }
        if let temperature = request.temperature { body["temperature"] = .number(temperature) }
        if let limit = request.maxOutputTokens { body["max_completion_tokens"] = .integer(Int64(limit)) }
        if streams {
            body["stream"] = true
            body["stream_options"] = ["include_usage": true]
        }
        return .object(body)
    }

    private static func message(_ message: Message) -> JSONValue {
        switch message {
        case .system(let text): return ["role": "system", "content": .string(text)]
        case .user(let text): return ["role": "user", "content": .string(text)]
        case .tool(let id, let content):
            return ["role": "tool", "tool_call_id": .string(id), "content": .string(content)]
        case .assistant(let text, let calls):
            var members: [String: JSONValue] = ["role": "assistant", "content": text.map { .string($0) } ?? .null]
            if !calls.isEmpty { members["tool_calls"] = .array(calls.map(call)) }
            return .object(members)
        }
    }

    private static func call(_ call: ToolCall) -> JSONValue {
        let function: JSONValue = ["name": .string(call.tool), "arguments": .string(call.arguments)]
        return ["id": .string(call.id), "type": "function", "function": function]
    }

    private static func tool(_ tool: AnyTool) -> JSONValue {
        let function: JSONValue = [
            "name": .string(tool.name), "description": .string(tool.description), "parameters": tool.parameters.json,
        ]
        return ["type": "function", "function": function]
    }

    private static func choice(_ choice: ModelRequest.ToolChoice) -> JSONValue {
        switch choice {
        case .auto: "auto"
        case .none: "none"
        case .required: "required"
        case .tool(let name): ["type": "function", "function": ["name": .string(name)]]
        }
    }

    // ---- answers

    static func response(_ bytes: [UInt8]) throws(ModelError) -> ModelResponse {
        let root = try json(bytes)
        if let error = root["error"], error != .null { throw .malformedAnswer(errorMessage(bytes)) }
        guard let choices = root["choices"]?.array else { throw .malformedAnswer("it has no choices array") }
        guard let choice = choices.first else { throw .emptyAnswer }
        guard let message = choice["message"], message.object != nil else {
            throw .malformedAnswer("its first choice has no message")
        }
        var calls: [ToolCall] = []
        for (index, call) in (message["tool_calls"]?.array ?? []).enumerated() {
            guard let name = call["function"]?["name"]?.string else {
                throw .malformedAnswer("tool call \(index) names no function")
            }
            let arguments = call["function"]?["arguments"]
            calls.append(
                ToolCall(
                    // Some local servers leave the id out, or send the arguments as an object.
                    id: call["id"]?.string ?? "call_\(index)", tool: name,
                    arguments: arguments?.string ?? arguments?.text ?? "{}"))
        }
        return ModelResponse(
            text: message["content"]?.string, calls: calls,
            finishReason: finish(choice["finish_reason"]?.string, hasCalls: !calls.isEmpty), usage: usage(root["usage"])
        )
    }

    static func json(_ bytes: [UInt8]) throws(ModelError) -> JSONValue {
        do {
            return try JSONValue(bytes: bytes)
        } catch {
            throw .malformedAnswer("\(error); it begins with \(excerpt(bytes))")
        }
    }

    static func finish(_ reason: String?, hasCalls: Bool) -> ModelResponse.FinishReason {
        switch reason {
        case "length": .length
        case "content_filter": .contentFilter
        case "tool_calls", "function_call": .toolCalls
        case "stop", nil: hasCalls ? .toolCalls : .stop
        case .some(let other): .other(other)
        }
    }

    static func usage(_ value: JSONValue?) -> TokenUsage {
        func count(_ name: String) -> Int { max(0, Int(value?[name]?.integer ?? 0)) }
        return TokenUsage(input: count("prompt_tokens"), output: count("completion_tokens"))
    }

    /// The message in an error body, or the beginning of the body.
    static func errorMessage(_ bytes: [UInt8]) -> String {
        let root = try? JSONValue(bytes: bytes)
        let error = root?["error"]
        return error?["message"]?.string ?? error?.string ?? root?["message"]?.string ?? excerpt(bytes)
    }

    private static func excerpt(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes.prefix(300), as: UTF8.self)
        return bytes.isEmpty ? "an empty body" : String(reflecting: text) + (bytes.count > 300 ? "…" : "")
    }
}
