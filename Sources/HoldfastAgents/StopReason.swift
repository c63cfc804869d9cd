/// Why a run ended.
public enum StopReason: Sendable, Hashable {
    /// The model answered without asking for a tool.
    case completed
    /// The model's answer was cut or withheld.
    case answerIncomplete(ModelResponse.FinishReason)
    case turnLimit(Int)
    case toolCallLimit(Int)
    case timeLimit(Duration)
    /// The model's calls failed too many turns in a row.
    case correctionLimit(Int)
    /// A call may or may not have taken effect. Executing the run again under the same id repeats it under the same
    /// idempotency key, which is safe for tools that honour the key.
    case outcomeUnknown(ToolCall, String)
    /// The same, for an unprotected tool whose author wants a human to look first.
    case needsHuman(ToolCall, String)
}

extension StopReason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .completed: "completed"
        case .answerIncomplete(let reason): "the model's answer is incomplete (\(reason))"
        case .turnLimit(let limit): "the limit of \(limit) turns is reached"
        case .toolCallLimit(let limit): "the limit of \(limit) tool calls is reached"
        case .timeLimit(let limit): "the time limit of \(limit) is reached"
        case .correctionLimit(let limit): "every tool call failed in more than \(limit) turns in a row"
        case .outcomeUnknown(let call, let reason): "it is unknown whether \(call.tool) took effect: \(reason)"
        case .needsHuman(let call, let reason):
            "a human must look whether \(call.tool) took effect: \(reason)"
        }
    }
}
