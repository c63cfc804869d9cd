/// The bounds of a run.
public struct AgentLimits: Sendable, Hashable {
    /// Answers asked of the model.
    public var turns = 20
    /// Tool calls asked by the model, refused ones included.
    public var toolCalls = 100
    /// Turns in a row whose calls all failed: after this many the next such turn ends the run.
    public var corrections = 3
    /// Tool calls that run at the same time.
    public var parallelCalls = 8
    /// Tries of one repeatable call whose outcome stays unknown, the first included.
    public var attempts = 3
    /// Bytes of one tool result that the model gets to read; the rest is cut, and the model is told.
    public var resultBytes = 64 << 10
    /// The whole run.
    public var time: Duration = .seconds(600)

    public init() {}
}
