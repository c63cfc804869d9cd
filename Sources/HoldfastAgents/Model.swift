/// A language model, or something that plays one.
public protocol Model: Sendable {
    /// Answers the conversation. Repeating a request changes nothing but the bill. Cancellation throws
    /// `ModelError.cancelled`.
    func complete(_ request: ModelRequest) async throws(ModelError) -> ModelResponse
}
