/// The bounds of a ``FencingMiddleware``.
public struct FencingLimits: Sendable {
    /// How long after its last sign of life a server's claim to a resource lasts. Renewed every third.
    public var lease: Duration = .seconds(30)
    /// How long a request waits while others are at work on the resource; then 409.
    public var patience: Duration = .seconds(10)
    /// How long first answers are remembered.
    public var retention: Duration = .seconds(86_400)
    /// Most bytes of a request's body; more is answered with 413.
    public var requestBytes = 1 << 20
    /// Most bytes of an answer's body. More cannot be kept, and is answered with 500, the first time and in every
    /// repeat: the handler's effect stands.
    public var responseBytes = 1 << 20

    public init() {}
}
