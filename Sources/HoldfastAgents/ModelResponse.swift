/// What a model answered.
public struct ModelResponse: Sendable, Hashable, Codable {
    public enum FinishReason: Sendable, Hashable, Codable {
        case stop
        case toolCalls
        /// The answer was cut at the token limit.
        case length
        case contentFilter
        case other(String)
    }

    public var text: String?
    public var calls: [ToolCall]
    public var finishReason: FinishReason
    public var usage: TokenUsage

    public init(
        text: String?, calls: [ToolCall] = [], finishReason: FinishReason = .stop, usage: TokenUsage = TokenUsage()
    ) {
        self.text = text
        self.calls = calls
        self.finishReason = finishReason
        self.usage = usage
    }
}
