/// One turn of a run: the model's answer and what became of the calls that it asked for.
public struct AgentStep: Sendable, Hashable {
    public enum Outcome: Sendable, Hashable {
        case succeeded(JSONValue)
        /// The model was told this.
        case failed(String)
        /// It may or may not have taken effect.
        case unknown(String)
        /// The run ended before it was called.
        case notCalled
    }

    public struct Call: Sendable, Hashable {
        public var call: ToolCall
        public var idempotencyKey: String
        public var outcome: Outcome
    }

    /// From 1.
    public var number: Int
    public var response: ModelResponse
    public var calls: [Call]
}
