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

    @Test func argumentsThatAreEncodedAsTheyComeAreTheSame() throws {
        let script = RedisScript(name: "s", "return 1")
        let texts = ["", "é", "a\r\nb", String(repeating: "x", count: 99)] + (98...1002).map(String.init)
        var (arguments, others) = (RedisArguments(), RedisArguments())
        for text in texts { arguments.append(text) }
        others.append("gone")
        others.removeAll()
        others.append(-12)
        others.append([0, 255])
        arguments.append(contentsOf: others)
        #expect(arguments.count == texts.count + 2)
        let each = texts.map { RedisArgument($0) } + [-12, RedisArgument([0, 255])]
        for bySource in [false, true] {
            let expected = script.encodeCall(keys: ["k"], arguments: each, bySource: bySource)
            #expect(script.encodeCall(keys: ["k"], arguments: arguments, bySource: bySource) == expected)
            script.learn("e0e1f9fabfc9d4800c877a703b823ac0578ff8db")
        }
    }
}
