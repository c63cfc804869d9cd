/// A group's name: 1 to 128 printable ASCII characters without space.
public struct GroupName: Sendable, Hashable, CustomStringConvertible {
    public let text: String

    public static let maximumLength = 128

    /// - Throws: ``JobsError`` with `invalid`.
    public init(_ text: some StringProtocol) throws(JobsError) {
        let bytes = text.utf8
        guard (1...Self.maximumLength).contains(bytes.count), bytes.allSatisfy({ (33...126).contains($0) }) else {
            throw JobsError(
                .invalid,
                "\"\(text.prefix(80))\" is no group name: use 1 to \(Self.maximumLength) printable characters "
                    + "without space")
        }
        self.text = String(text)
    }

    public var description: String { text }
}
