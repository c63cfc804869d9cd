/// One event of a `text/event-stream` body (WHATWG HTML §9.2).
public struct ServerSentEvent: Sendable, Hashable {
    /// The event's type; `message` unless it says otherwise.
    public var event: String
    /// The data lines, joined by newlines.
    public var data: String
    /// The last event id that the stream set.
    public var id: String?

    public init(event: String = "message", data: String, id: String? = nil) {
        self.event = event
        self.data = data
        self.id = id
    }
}
