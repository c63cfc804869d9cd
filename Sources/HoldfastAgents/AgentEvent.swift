/// What happens in a run, as it happens. Calls that run in parallel report in the order in which they end.
public enum AgentEvent: Sendable {
    case modelAsked(turn: Int, messages: Int)
    case modelAnswered(turn: Int, ModelResponse)
    case toolCalled(ToolCall, ToolContext)
    case toolSucceeded(ToolCall, ToolContext, JSONValue)
    /// The model is told the message; calls refused before they ran are reported here, too.
    case toolFailed(ToolCall, ToolContext, message: String)
    /// The outcome is unknown; the call is repeated under its key, or the run ends.
    case toolOutcomeUnknown(ToolCall, ToolContext, message: String)
    case finished(AgentResult)
}
