/// One binary-safe argument of a command.
public struct RedisArgument: Sendable, Hashable {
    public let bytes: [UInt8]

    public init(_ bytes: [UInt8]) { self.bytes = bytes }
    public init(_ text: some StringProtocol) { bytes = Array(text.utf8) }
    public init(_ number: some BinaryInteger) { bytes = Array(String(number).utf8) }
    public init(_ number: Double) { bytes = Array(number.description.utf8) }
}

extension RedisArgument: ExpressibleByStringInterpolation {
    public init(stringLiteral text: String) { self.init(text) }
}

extension RedisArgument: ExpressibleByIntegerLiteral {
    public init(integerLiteral number: Int) { self.init(number) }
}
