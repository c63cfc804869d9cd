/// What a run came to.
public struct AgentResult: Sendable, Hashable {
    public var runID: String
    public var stopReason: StopReason
    /// The model's last text.
    public var text: String?
    /// The whole conversation, instructions and earlier messages included.
    public var messages: [Message]
    public var steps: [AgentStep]
    public var usage: TokenUsage

    public var isComplete: Bool { stopReason == .completed }

    /// Calls of which it is not known whether they took effect.
    public var unsettledCalls: [AgentStep.Call] {
        steps.flatMap(\.calls).filter { if case .unknown = $0.outcome { true } else { false } }
    }
}
