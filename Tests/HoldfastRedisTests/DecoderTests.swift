import HoldfastRuntime
import Testing

@testable import HoldfastRedis

@Suite(.timeLimit(.minutes(2))) struct DecoderTests {
    static let stream =
        "+OK\r\n:-42\r\n$-1\r\n$0\r\n\r\n$5\r\na\r\nb\0\r\n*-1\r\n*0\r\n-ERR no\r\n"
        + "*3\r\n:1\r\n*2\r\n$1\r\nx\r\n*1\r\n$-1\r\n-WRONG kind\r\n:9223372036854775807\r\n"
        + "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:7\r\n"

    static let replies: [RedisReply] = [
        .status("OK"), .integer(-42), .null, .bytes([]), .bytes(Array("a\r\nb\0".utf8)), .null, .array([]),
        .error("ERR no"),
        .array([.integer(1), .array([.bytes([120]), .array([.null])]), .error("WRONG kind")]),
        .integer(.max), .array([.array([.array([.array([.array([.array([.array([.integer(7)])])])])])])]),
    ]

    @Test func decodesByteByByte() {
        let (replies, error) = decode(Self.stream.utf8.map { [$0] })
        #expect(replies == Self.replies)
        #expect(error == nil)
    }

    @Test func decodesWhateverTheSplit() {
        var random = SeededGenerator(seed: 1)
        let bytes = Array((Self.stream + Self.stream).utf8)
        for _ in 0..<2000 {
            var chunks: [[UInt8]] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                chunks.append(Array(rest.prefix(Int.random(in: 1...40, using: &random))))
                rest = rest.dropFirst(chunks.last?.count ?? 0)
            }
            #expect(decode(chunks).replies == Self.replies + Self.replies)
        }
    }

    @Test(arguments: [
        "*-2\r\n", "$-2\r\n", "*2147483648\r\n", "*99999999999999999999\r\n", "$99999999999999999999\r\n",
        ":12a\r\n", ":\r\n", ":9223372036854775808\r\n", "$x\r\n", "*x\r\n", "hello\r\n", "\r\n", "\0",
        "HTTP/1.1 400\r\n",
        "%1\r\n+a\r\n+b\r\n", "_\r\n", ",1.5\r\n", "#t\r\n", "~0\r\n", ">0\r\n", "(1\r\n", "=3\r\ntxt:a\r\n",
        "!3\r\nERR\r\n",
        "$3\r\nabcdef", "$0\r\n+OK\r\n", "*1\r\n%0\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
    ])
    func refusesMalformedInput(_ text: String) {
        let whole = decode([Array(text.utf8)])
        #expect(whole.error?.isEmpty == false, "\(text.debugDescription) gave \(whole.replies)")
        #expect(decode(text.utf8.map { [$0] }).error?.isEmpty == false)
    }

    /// Not wrong yet: the rest may come.
    @Test(arguments: [
        "", "+OK\r", "+OK\rmore", "*2147483647\r\n:1\r\n", "$9223372036854775807\r\nabc", "$3\r\nabc", "$3\r\nabc\r",
        "*1",
    ])
    func waitsForTheRest(_ text: String) {
        let (replies, error) = decode([Array(text.utf8)])
        #expect(replies.isEmpty && error == nil)
    }

    @Test func boundsAReply() {
        let small = "$100000\r\n" + String(repeating: "x", count: 100_000) + "\r\n"
        #expect(decode([Array(small.utf8)], limit: 100_020).replies.count == 1)
        let large = Array(("$10000000\r\n" + String(repeating: "x", count: 400_000)).utf8)
        #expect(decode([large], limit: 100_020).error == "the reply exceeds the size limit")
        let many = Array(("*1000000\r\n" + String(repeating: ":1\r\n", count: 100_000)).utf8)
        #expect(decode([many], limit: 100_020).error == "the reply exceeds the size limit")
        // Many small replies in one piece are not one large reply.
        let replies = Array(String(repeating: "+OK\r\n", count: 200_000).utf8)
        #expect(decode([replies], limit: 1000).replies.count == 200_000)
    }

    @Test func anEndlessLineBreaksTheStreamEarly() {
        for start in ["+", "-", ":", "$", "*"] {
            let piece = [UInt8](repeating: UInt8(ascii: "1"), count: 4096)
            let chunks = [Array(start.utf8)] + Array(repeating: piece, count: 64)
            #expect(decode(chunks, limit: 512 << 20).error != nil, "\(start)")
        }
    }

    @Test func aBrokenDecoderStaysBroken() {
        var decoder = ReplyDecoder(maximumReplyBytes: 100)
        for text in ["%", "+OK\r\n", "+OK\r\n"] {
            var isBroken = false
            Array(text.utf8).withUnsafeBytes { bytes in
                do { try decoder.feed(bytes) { _ in Issue.record("a reply") } } catch { isBroken = true }
            }
            #expect(isBroken)
        }
    }

    @Test func mutatedStreamsNeitherCrashNorHang() {
        let original = Array(Self.stream.utf8)
        let alphabet = Array("*$+-:%_,#0123456789\r\n\0".utf8) + [255]
        for seed in UInt64(0)..<20_000 {
            var random = SeededGenerator(seed: seed)
            var bytes = original
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                let byte = alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[at] = byte
                case 1: bytes.insert(byte, at: at)
                case 2: bytes.remove(at: at)
                default: bytes.removeSubrange(at..<min(bytes.count, at + 10))
                }
                if bytes.isEmpty { bytes = original }
            }
            let whole = decode([bytes])
            // How it is cut must not change what is read.
            if seed % 10 == 0 {
                let split = decode(bytes.map { [$0] })
                #expect(split.replies == whole.replies && (split.error == nil) == (whole.error == nil), "seed \(seed)")
            }
        }
    }

    @Test func pureNoiseNeitherCrashesNorHangs() {
        for seed in UInt64(0)..<5000 {
            var random = SeededGenerator(seed: seed)
            _ = decode([(0..<200).map { _ in UInt8.random(in: 0...255, using: &random) }])
        }
    }

    @Test func cursorReadsScalarsInPlace() throws {
        var decoder = ReplyDecoder(maximumReplyBytes: 1000)
        try Array("*4\r\n:5\r\n$2\r\nhi\r\n*1\r\n:1\r\n:6\r\n".utf8).withUnsafeBytes { bytes in
            try decoder.feed(bytes) { cursor in
                #expect(cursor.scalar(at: 0)?.value == 5)
                #expect(cursor.scalar(at: 1)?.text == "hi")
                #expect(cursor.scalar(at: 3)?.kind == nil, "behind a nested array there is no telling where it is")
                #expect(cursor.scalar(at: 4)?.kind == nil && cursor.scalar(at: -1)?.kind == nil)
            }
        }
    }

    @Test func cursorHandsOverElementsWhateverTheyHold() throws {
        var decoder = ReplyDecoder(maximumReplyBytes: 1000)
        try Array("*5\r\n*2\r\n*1\r\n:1\r\n:2\r\n:3\r\n*0\r\n-ERR no\r\n$-1\r\n:7\r\n".utf8).withUnsafeBytes { bytes in
            var replies: [RedisReply] = []
            try decoder.feed(bytes) { $0.forEachElement { replies.append($0.materialized()) } }
            #expect(
                replies == [
                    .array([.array([.integer(1)]), .integer(2)]), .integer(3), .array([]), .error("ERR no"), .null,
                ])
        }
    }
}
