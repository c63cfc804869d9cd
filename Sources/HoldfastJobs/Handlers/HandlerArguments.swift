/// The arguments of a function that takes none.
public struct NoArguments: Decodable, Sendable {
    public init() {}
}

/// The result of a function that returns nothing: JSON's null, Python's `None`.
public struct NoResult: Encodable, Sendable {
    public init() {}

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encodeNil()
    }
}
