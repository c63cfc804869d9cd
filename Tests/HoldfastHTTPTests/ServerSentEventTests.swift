import HoldfastHTTP
import Testing

@Suite struct ServerSentEventTests {
    private let text =
        "\u{FEFF}: a comment\r\ndata: one\r\n\r\nevent: done\ndata: two\rdata:three\n\nid: 7\nretry: 5\n\ndata\n\n"
        + "data: caf\u{E9}\n\ndata: never ended"
    private let expected = [
        ServerSentEvent(data: "one"),
        ServerSentEvent(event: "done", data: "two\nthree"),
        ServerSentEvent(data: "", id: "7"),
        ServerSentEvent(data: "café", id: "7"),
    ]

    @Test func decodesHoweverTheBytesAreCut() throws {
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            for second in stride(from: cut, through: bytes.count, by: 7) {
                var decoder = ServerSentEventDecoder()
                var events = try decoder.feed(bytes[..<cut])
                events += try decoder.feed(bytes[cut..<second])
                events += try decoder.feed(bytes[second...])
                #expect(events == expected)
                #expect(decoder.isInsideEvent)
            }
        }
    }

    @Test func decodesByteByByte() throws {
        var decoder = ServerSentEventDecoder()
        var events: [ServerSentEvent] = []
        for byte in text.utf8 { events += try decoder.feed([byte]) }
        #expect(events == expected)
    }

    @Test func anEventWithoutEndIsRefusedAtTheLimit() throws {
        var decoder = ServerSentEventDecoder(limit: 100)
        #expect(try decoder.feed(Array("data: x\n\n".utf8)).count == 1)
        for _ in 0..<1000 { #expect(try decoder.feed(Array(": comment\n".utf8)).isEmpty) }
        #expect(throws: ServerSentEventDecoder.TooLong.self) {
            for _ in 0..<20 { _ = try decoder.feed(Array("data: 0123\n".utf8)) }
        }
        var unending = ServerSentEventDecoder(limit: 100)
        #expect(throws: ServerSentEventDecoder.TooLong.self) { try unending.feed([UInt8](repeating: 65, count: 101)) }
    }
}
