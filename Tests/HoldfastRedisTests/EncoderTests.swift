import CHiredis
import Foundation
import Testing

@testable import HoldfastRedis

@Suite struct EncoderTests {
    @Test(arguments: [[], [""], ["SET", "a\r\nb", "\0"], Array(repeating: "x", count: 40), ["é", "日本"]])
    func agreesWithHiredisByteForByte(_ arguments: [String]) {
        let all = ["COMMAND"] + arguments
        let copies = all.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        var pointers = copies.map { UnsafePointer<CChar>($0) }
        let lengths = all.map(\.utf8.count)
        var length = 0
        let formatted = hf_format_command(Int32(all.count), &pointers, lengths, &length)
        defer { free(formatted) }
        let expected = Data(bytes: formatted!, count: length)
        #expect(Data(RedisCommand("COMMAND", arguments: arguments.map { RedisArgument($0) }).encoded) == expected)
    }
}
