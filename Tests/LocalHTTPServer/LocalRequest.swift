/// A request as the server received it.
public struct LocalRequest: Sendable {
    public let method: String
    /// With the query.
    public let path: String
    /// Names in lower case.
    public let fields: [(name: String, value: String)]
    public let body: [UInt8]

    public subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    public var text: String { String(decoding: body, as: UTF8.self) }
}
