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

    @Test func aScriptsCallIsTheSameAsItsParts() throws {
        let script = RedisScript(name: "s", "return 1")
        let (keys, arguments): ([RedisArgument], [RedisArgument]) = (["a", ""], ["é", 12])
        func parts(_ name: String, _ first: RedisArgument) -> [UInt8] {
            RedisCommand.encodePrefix(name, [first, 2] + keys + arguments, missing: 1)
        }
        #expect(script.encodeCall(keys: keys, arguments: arguments, missing: 1) == parts("EVAL", "return 1"))
        script.learn("e0e1f9fabfc9d4800c877a703b823ac0578ff8db")
        let digest = RedisArgument(try #require(script.digest))
        #expect(script.encodeCall(keys: keys, arguments: arguments, missing: 1) == parts("EVALSHA", digest))
        let bySource = script.encodeCall(keys: keys, arguments: arguments, missing: 1, bySource: true)
        #expect(bySource == parts("EVAL", "return 1"))
    }
}
