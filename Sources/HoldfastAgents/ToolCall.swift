/// A model's wish to call a tool.
public struct ToolCall: Sendable, Hashable, Codable {
    /// The model's name for the call; its result carries it.
    public var id: String
    public var tool: String
    /// The arguments as the model wrote them: meant to be JSON, not checked yet.
    public var arguments: String

    public init(id: String, tool: String, arguments: String) {
        self.id = id
        self.tool = tool
        self.arguments = arguments
    }
}
