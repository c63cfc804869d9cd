/// A tool whose arguments are JSON: any tool with its type erased, or one made of a closure.
public struct AnyTool: Tool {
    public let name: String
    public let description: String
    public let parameters: JSONSchema
    public let effect: ToolEffect
    public let timeLimit: Duration
    private let body: @Sendable (JSONValue, ToolContext) async throws -> JSONValue

    public init(
        name: String, description: String, parameters: JSONSchema = .object(), effect: ToolEffect,
        timeLimit: Duration = .seconds(60),
        body: @escaping @Sendable (JSONValue, ToolContext) async throws -> JSONValue
    ) {
        self.name = name
        self.description = description
        self.parameters = parameters
        self.effect = effect
        self.timeLimit = timeLimit
        self.body = body
    }

    public init(_ tool: some Tool) {
        self.init(
            name: tool.name, description: tool.description, parameters: tool.parameters, effect: tool.effect,
            timeLimit: tool.timeLimit
        ) { json, context in
            try await tool.call(try Self.decode(json, for: tool), context: context)
        }
    }

    public func call(_ arguments: JSONValue, context: ToolContext) async throws -> JSONValue {
        try await body(arguments, context)
    }

    private static func decode<T: Tool>(_ json: JSONValue, for tool: T) throws(ToolError) -> T.Arguments {
        do {
            return try json.decoded()
        } catch {
            throw .refused("the arguments do not fit \(tool.name): \(error)")
        }
    }
}
