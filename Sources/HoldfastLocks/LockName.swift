/// What a lock protects: 1 to 512 bytes of UTF-8 without control characters.
public struct LockName: Sendable, Hashable, Comparable {
    public static let maximumBytes = 512

    public let text: String

    /// - Throws: ``LockError/invalid(_:)`` when the text is empty, too long or holds control characters.
    public init(_ text: String) throws(LockError) {
        guard !text.isEmpty, text.utf8.count <= Self.maximumBytes else {
            throw .invalid("a lock's name has 1 to \(Self.maximumBytes) bytes, this one has \(text.utf8.count)")
        }
        guard text.utf8.allSatisfy({ $0 >= 32 && $0 != 127 }) else {
            throw .invalid("a lock's name must not hold control characters")
        }
        self.text = text
    }

    public static func < (left: LockName, right: LockName) -> Bool { left.text < right.text }
}

extension LockName: CustomStringConvertible {
    public var description: String { text }
}
