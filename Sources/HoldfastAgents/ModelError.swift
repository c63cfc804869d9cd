public import HoldfastHTTP

/// Why a model gave no answer.
public enum ModelError: Error, Sendable, Hashable {
    /// No answer came, after this many tries.
    case transport(HTTPError, attempts: Int)
    /// The server answered with an error status, after this many tries.
    case refused(status: Int, message: String, attempts: Int)
    /// The answer is not what the protocol promises.
    case malformedAnswer(String)
    /// The answer has no choice to take.
    case emptyAnswer
    /// A streamed answer ended before it was complete.
    case endedEarly
    /// The scripted model's file is wrong, or its script does not fit the conversation.
    case script(ScriptError)
    case cancelled
}

extension ModelError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .transport(let error, let attempts): "the model could not be reached (tries: \(attempts)): \(error)"
        case .refused(let status, let message, let attempts):
            "the model's server answered \(status) (tries: \(attempts)): \(message)"
        case .malformedAnswer(let reason): "the model's answer cannot be read: \(reason)"
        case .emptyAnswer: "the model's answer holds no choice"
        case .endedEarly: "the model's answer stopped before its end"
        case .script(let error): "\(error)"
        case .cancelled: "cancelled while the model was asked"
        }
    }
}
