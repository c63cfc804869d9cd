/// A queue's name: 1 to 128 printable ASCII characters without space, comma and colon.
///
/// The comma separates names in RQ's worker hash, and the colon would let one queue's name form another's keys
/// (`q:intermediate`).
public struct QueueName: Sendable, Hashable, CustomStringConvertible {
    public let text: String

    public static let maximumLength = 128

    /// - Throws: ``JobsError`` with `invalid`.
    public init(_ text: some StringProtocol) throws(JobsError) {
        let bytes = text.utf8
        let isValid = bytes.allSatisfy { byte in
            (33...126).contains(byte) && byte != UInt8(ascii: ",") && byte != UInt8(ascii: ":")
        }
        guard (1...Self.maximumLength).contains(bytes.count), isValid else {
            throw JobsError(
                .invalid,
                "\"\(text.prefix(80))\" is no queue name: use 1 to \(Self.maximumLength) printable characters, "
                    + "without space, comma and colon")
        }
        self.text = String(text)
    }

    init(unchecked text: String) { self.text = text }

    /// Where the callbacks of this queue's jobs wait; workers of the queue serve it as well.
    var callbacks: QueueName { QueueName(unchecked: text + ".callbacks") }

    public var description: String { text }
}
