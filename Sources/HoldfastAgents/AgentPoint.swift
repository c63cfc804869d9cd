/// The named points of an agent's run at which chaos may stop or kill the process.
public enum AgentPoint {
    /// The model's call is known, and its effect has not begun.
    public static let decided = "agent.decided"
    /// The call has had its effect, and nobody has been told of it.
    public static let effected = "agent.effected"
}
