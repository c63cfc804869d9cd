/// Decodes server-sent events from pieces of a body, however they are cut.
public struct ServerSentEventDecoder: Sendable {
    /// An event longer than the decoder allows.
    public struct TooLong: Error, Sendable, Hashable, CustomStringConvertible {
        public let limit: Int
        public var description: String { "a server-sent event is longer than \(limit) bytes" }
    }

    private let limit: Int
    private var line: [UInt8] = []
    private var endedWithCarriageReturn = false
    private var isFirstLine = true
    private var event = ""
    private var data: [String] = []
    private var size = 0
    private var id: String?

    /// `limit`: most bytes in one event.
    public init(limit: Int = 1 << 20) { self.limit = limit }

    /// Whether an event has begun that no empty line has ended. The standard drops it at the end of the stream.
    public var isInsideEvent: Bool { !line.isEmpty || !data.isEmpty || !event.isEmpty }

    /// The events that these bytes complete.
    public mutating func feed(_ bytes: some Sequence<UInt8>) throws(TooLong) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            let isSecondHalfOfCRLF = endedWithCarriageReturn && byte == UInt8(ascii: "\n")
            endedWithCarriageReturn = byte == UInt8(ascii: "\r")
            if isSecondHalfOfCRLF { continue }
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                if let event = endLine() { events.append(event) }
            } else {
                size += 1
                guard size <= limit else { throw TooLong(limit: limit) }
                line.append(byte)
            }
        }
        return events
    }

    private mutating func endLine() -> ServerSentEvent? {
        var text = String(decoding: line, as: UTF8.self)
        line = []
        if isFirstLine && text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
        isFirstLine = false
        if text.isEmpty { return dispatch() }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        var value = parts.count == 2 ? parts[1] : ""
        if value.first == " " { value.removeFirst() }
        switch parts[0] {
        case "event": event = String(value)
        case "data": data.append(String(value))
        case "id" where !value.utf8.contains(0): id = String(value)
        default: size -= text.utf8.count  // comments, `retry` and unknown fields are not kept
        }
        return nil
    }

    private mutating func dispatch() -> ServerSentEvent? {
        defer {
            event = ""
            data = []
            size = 0
        }
        if data.isEmpty { return nil }
        return ServerSentEvent(event: event.isEmpty ? "message" : event, data: data.joined(separator: "\n"), id: id)
    }
}
