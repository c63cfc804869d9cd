/// What is wrong with a scripted model, and where.
public struct ScriptError: Error, Sendable, Hashable, CustomStringConvertible {
    /// For example `turns[2].calls[0].tool`; empty for the whole file.
    public let position: String
    public let message: String

    public var description: String {
        position.isEmpty ? "scripted model: \(message)" : "scripted model: \(position): \(message)"
    }
}
