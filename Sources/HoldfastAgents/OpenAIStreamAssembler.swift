/// Puts a streamed chat completion together from its deltas: a state machine without effects.
struct OpenAIStreamAssembler {
    /// Most tool calls in one answer; an index beyond it is not believed.
    static let maxCalls = 128

    private struct PartialCall {
        var id = ""
        var name = ""
        var arguments = ""
    }

    private var text: String?
    private var calls: [PartialCall] = []
    private var finish: String?
    private var usage = TokenUsage()
    private var isDone = false
    private var sawChoice = false

    /// Takes one event's data; true when it was the last one.
    mutating func feed(_ data: String) throws(ModelError) -> Bool {
        if data == "[DONE]" {
            isDone = true
            return true
        }
        let bytes = Array(data.utf8)
        let root = try OpenAIWire.json(bytes)
        if let error = root["error"], error != .null { throw .malformedAnswer(OpenAIWire.errorMessage(bytes)) }
        if let counts = root["usage"], counts != .null { usage = OpenAIWire.usage(counts) }
        // The last event before [DONE] has the usage and no choice.
        guard let choice = root["choices"]?[0] else { return false }
        sawChoice = true
        if let reason = choice["finish_reason"]?.string { finish = reason }
        guard let delta = choice["delta"] else { return false }
        if let piece = delta["content"]?.string { text = (text ?? "") + piece }
        for (place, call) in (delta["tool_calls"]?.array ?? []).enumerated() { try take(call, place) }
        return false
    }

    private mutating func take(_ call: JSONValue, _ place: Int) throws(ModelError) {
        let index = Int(call["index"]?.integer ?? Int64(place))
        guard (0..<Self.maxCalls).contains(index) else {
            throw .malformedAnswer("a tool call has index \(index); at most \(Self.maxCalls) are taken")
        }
        while calls.count <= index { calls.append(PartialCall()) }
        if let id = call["id"]?.string, !id.isEmpty { calls[index].id = id }
        // The name comes whole, once; some servers repeat it with every piece.
        if let name = call["function"]?["name"]?.string, !name.isEmpty { calls[index].name = name }
        if let piece = call["function"]?["arguments"]?.string { calls[index].arguments += piece }
    }

    /// The whole answer, once the stream is over.
    func response() throws(ModelError) -> ModelResponse {
        guard isDone || finish != nil else { throw .endedEarly }
        guard sawChoice else { throw .emptyAnswer }
        if let index = calls.firstIndex(where: \.name.isEmpty) {
            throw .malformedAnswer("tool call \(index) names no function")
        }
        let complete = calls.enumerated().map { index, call in
            ToolCall(
                id: call.id.isEmpty ? "call_\(index)" : call.id, tool: call.name,
                arguments: call.arguments.isEmpty ? "{}" : call.arguments)
        }
        return ModelResponse(
            text: text, calls: complete, finishReason: OpenAIWire.finish(finish, hasCalls: !complete.isEmpty),
            usage: usage)
    }
}
