/// Something that a model may ask for.
public protocol Tool<Arguments>: Sendable {
    associatedtype Arguments: Decodable & Sendable

    /// What the model calls it: 1 to 64 of `a-z A-Z 0-9 _ -`, unique in its tool set.
    var name: String { get }
    /// For the model: what it does and when to use it.
    var description: String { get }
    /// An object schema. Arguments are checked against it, with defaults filled in, before they are decoded.
    var parameters: JSONSchema { get }
    var effect: ToolEffect { get }
    /// The call is cancelled after it; a tool that does not heed cancellation holds the run up.
    var timeLimit: Duration { get }

    /// Does it. Throws `ToolError.refused` for what the model can correct; any other error leaves the outcome unknown,
    /// except for pure tools.
    func call(_ arguments: Arguments, context: ToolContext) async throws -> JSONValue
}

extension Tool {
    public var timeLimit: Duration { .seconds(60) }
}
