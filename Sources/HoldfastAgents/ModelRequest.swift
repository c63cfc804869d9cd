/// What a model is asked.
public struct ModelRequest: Sendable {
    public enum ToolChoice: Sendable, Hashable {
        /// The model decides.
        case auto
        case none
        /// Some tool must be called.
        case required
        case tool(named: String)
    }

    public var messages: [Message]
    public var tools: [AnyTool]
    public var toolChoice: ToolChoice
    /// Whether one answer may ask for several calls.
    public var allowsParallelCalls: Bool
    public var temperature: Double?
    public var maxOutputTokens: Int?

    public init(
        messages: [Message], tools: [AnyTool] = [], toolChoice: ToolChoice = .auto, allowsParallelCalls: Bool = true,
        temperature: Double? = nil, maxOutputTokens: Int? = nil
    ) {
        self.messages = messages
        self.tools = tools
        self.toolChoice = toolChoice
        self.allowsParallelCalls = allowsParallelCalls
        self.temperature = temperature
        self.maxOutputTokens = maxOutputTokens
    }
}
