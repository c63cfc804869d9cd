/// One message of a conversation with a model.
public enum Message: Sendable, Hashable, Codable {
    case system(String)
    case user(String)
    case assistant(text: String?, calls: [ToolCall])
    /// The result of the call with this id.
    case tool(callID: String, content: String)

    var isAssistant: Bool { if case .assistant = self { true } else { false } }
}
