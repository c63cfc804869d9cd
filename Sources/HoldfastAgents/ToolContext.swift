/// Where in a run a call stands.
public struct ToolContext: Sendable, Hashable {
    public let runID: String
    /// The turn of the model that asked for the call, from 1.
    public let step: Int
    /// The call's place among those of its turn, from 0.
    public let index: Int
    /// 1 for the first try; a call whose outcome is unknown is repeated at the same position.
    public let attempt: Int

    public init(runID: String, step: Int, index: Int, attempt: Int = 1) {
        self.runID = runID
        self.step = step
        self.index = index
        self.attempt = attempt
    }

    /// The key under which the call's effect is committed at most once. It is the call's position, `run:step:index`,
    /// and nothing else: two calls with the same arguments are two effects, and a run that is executed again under the
    /// same id uses the same keys. The last two parts are numbers, so that keys of different runs never meet.
    public var idempotencyKey: String { "\(runID):\(step):\(index)" }
}
