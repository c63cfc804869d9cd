import HoldfastLocks

/// What fenced requests and their answers say in HTTP's header fields.
package enum FencingHeaders {
    /// Of a request: its token. Of an answer: the token with which the value was first written, or the one refused.
    package static let token = "Fencing-Token"
    /// The fence that refused a token.
    package static let fence = "Fencing-Fence"
    /// The number of a write.
    package static let sequence = "Fencing-Sequence"
    /// draft-ietf-httpapi-idempotency-key-header.
    package static let key = "Idempotency-Key"
    /// `true` on an answer that was given before.
    package static let replayed = "Idempotent-Replayed"
}

extension FencingToken {
    /// A token as a header has it: digits, nothing else.
    package init?(headerText: String) {
        guard !headerText.isEmpty, headerText.utf8.count <= 16, headerText.utf8.allSatisfy({ (48...57).contains($0) }),
            let number = Int64(headerText), (1...Self.maximum.rawValue).contains(number)
        else { return nil }
        self.init(rawValue: number)
    }
}
