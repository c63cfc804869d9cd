/// What is wrong with a value, in sentences that a model can act on.
public struct SchemaViolations: Error, Sendable, Hashable, CustomStringConvertible {
    public struct Violation: Sendable, Hashable, CustomStringConvertible {
        /// Where, for example `arguments.legs[2].amount`.
        public let path: String
        public let message: String

        public var description: String { "\(path): \(message)" }
    }

    /// Most violations that are listed; checking stops there.
    public static let limit = 8

    public let violations: [Violation]

    public var description: String { violations.map(\.description).joined(separator: "; ") }
}
