/// What one call came to, its repetitions included.
enum ToolOutcome: Sendable {
    case succeeded(JSONValue)
    case failed(String)
    case unknown(String, needsHuman: Bool)

    var recorded: AgentStep.Outcome {
        switch self {
        case .succeeded(let value): .succeeded(value)
        case .failed(let message): .failed(message)
        case .unknown(let message, _): .unknown(message)
        }
    }

    var needsHuman: Bool { if case .unknown(_, true) = self { true } else { false } }
    var isUnknown: Bool { if case .unknown = self { true } else { false } }
}
