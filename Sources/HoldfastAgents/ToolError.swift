/// A tool's own word on why a call failed and whether it took effect.
///
/// Any other error that a tool throws says nothing about its effect: unless the tool is pure, the outcome then counts
/// as unknown.
public struct ToolError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Outcome: Sendable, Hashable {
        /// Nothing happened: the model is told, and may try something else.
        case notApplied
        /// It may have happened: the effect's policy decides.
        case unknown
    }

    public var message: String
    /// What a remote side answered, for the model to read.
    public var body: String?
    public var outcome: Outcome

    public init(_ message: String, body: String? = nil, outcome: Outcome) {
        self.message = message
        self.body = body
        self.outcome = outcome
    }

    /// Refused before anything happened: wrong arguments, no such account, not enough money.
    public static func refused(_ message: String, body: String? = nil) -> ToolError {
        ToolError(message, body: body, outcome: .notApplied)
    }

    public static func outcomeUnknown(_ message: String, body: String? = nil) -> ToolError {
        ToolError(message, body: body, outcome: .unknown)
    }

    public var description: String { body.map { "\(message): \($0)" } ?? message }
}
