/// A model that follows a script: for tests, demos and the first minute without an API key.
///
/// The script is JSON: `{"turns": [TURN, …]}`, with 1 to 1000 turns. A turn has
/// - `calls`: `[{"tool": "name", "arguments": {…}}, …]`, the calls it asks for; and/or
/// - `say`: the text it answers; a turn without calls ends the run;
/// - `expect` (optional): a text that the newest tool result must contain, else the turn fails.
///
/// Which turn comes next is the number of assistant messages in the conversation: the model keeps no state, so that a
/// run that is resumed or executed again gets the same answers, call ids (`call_TURN_INDEX`) included.
public struct ScriptedModel: Model, Hashable {
    public struct Turn: Sendable, Hashable {
        public struct Call: Sendable, Hashable {
            public var tool: String
            public var arguments: JSONValue

            public init(_ tool: String, _ arguments: JSONValue = [:]) {
                self.tool = tool
                self.arguments = arguments
            }
        }

        public var say: String?
        public var calls: [Call]
        public var expect: String?

        public init(say: String? = nil, calls: [Call] = [], expect: String? = nil) {
            self.say = say
            self.calls = calls
            self.expect = expect
        }
    }

    public let turns: [Turn]

    public init(turns: [Turn]) { self.turns = turns }

    public func complete(_ request: ModelRequest) async throws(ModelError) -> ModelResponse {
        if Task.isCancelled { throw .cancelled }
        let index = request.messages.count(where: \.isAssistant)
        guard turns.indices.contains(index) else {
            throw .script(
                ScriptError(
                    position: "turns[\(index)]",
                    message: "the script ends after \(turns.count) turns, and one more is asked for"))
        }
        let turn = turns[index]
        if let expected = turn.expect { try check(expected, request.messages, index) }
        let calls = turn.calls.enumerated().map { place, call in
            ToolCall(id: "call_\(index)_\(place)", tool: call.tool, arguments: call.arguments.text)
        }
        return ModelResponse(text: turn.say, calls: calls, finishReason: calls.isEmpty ? .stop : .toolCalls)
    }

    private func check(_ expected: String, _ messages: [Message], _ index: Int) throws(ModelError) {
        var newest: String?
        for message in messages { if case .tool(_, let content) = message { newest = content } }
        guard let newest else {
            throw .script(ScriptError(position: "turns[\(index)].expect", message: "there is no tool result yet"))
        }
        guard newest.contains(expected) else {
            let got = String(reflecting: String(newest.prefix(200)))
            throw .script(
                ScriptError(
                    position: "turns[\(index)].expect",
                    message: "the newest tool result does not contain \(String(reflecting: expected)); it is \(got)"))
        }
    }
}
