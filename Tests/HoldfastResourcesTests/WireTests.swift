import HoldfastLocks
import Testing

@testable import HoldfastResources

/// What keys and tokens look like in header fields.
@Suite struct WireTests {
    @Test(arguments: [
        ("k", #""k""#), ("a b", #""a b""#), (#"a"b\c"#, #""a\"b\\c""#), ("a%b", #""a%b""#),
        ("f\u{fc}", #"%"f%c3%bc""#), ("a\0\n", #"%"a%00%0a""#), ("\u{fc}%\"", #"%"%c3%bc%25%22""#),
    ])
    func keysTravelAsStructuredFields(_ text: String, _ header: String) throws {
        #expect(try IdempotencyKey(text).headerText == header)
        #expect(try IdempotencyKey(headerText: header).text == text)
        #expect(try IdempotencyKey(headerText: "  \(header) ").text == text)
    }

    @Test(arguments: [
        "", "bare", "\"", "\"\"", "\"a", "a\"", "\"a\"b\"", #""a\b""#, #""a\"#, "\"\u{e9}\"", "\"a\u{1}\"", "'a'",
        #"%"%""#, #"%"%4""#, #"%"%C3%BC""#, #"%"%ff""#, #"%"a"b""#, "\"a\";b=1",
    ])
    func anythingElseIsRefused(_ header: String) {
        #expect(throws: ResourceError.self) { try IdempotencyKey(headerText: header) }
    }

    @Test func tokensAreDigits() {
        #expect(FencingToken(headerText: "42") == FencingToken(rawValue: 42))
        #expect(FencingToken(headerText: "9007199254740991") == .maximum)
        for text in [
            "", "0", "-1", "+1", " 1", "1 ", "1.0", "0x1", "9007199254740992", "99999999999999999999", "\u{661}",
        ] {
            #expect(FencingToken(headerText: text) == nil, "\(text)")
        }
    }
}
