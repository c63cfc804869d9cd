/// Names one intended effect: however often it is asked for, it happens once. 1 to 256 bytes.
public struct IdempotencyKey: Sendable, Hashable {
    public let text: String

    /// - Throws: ``ResourceError/invalid(_:)``.
    public init(_ text: String) throws(ResourceError) {
        guard (1...256).contains(text.utf8.count) else {
            throw .invalid("an idempotency key has 1 to 256 bytes, this one has \(text.utf8.count)")
        }
        self.text = text
    }
}
