import Foundation
import Testing

@testable import HoldfastJobs

@Suite struct ArgumentTests {
    struct Pair: Decodable, Equatable { let a: Int, b: String, c: [Double]? }

    private func bind<Arguments: Decodable>(_ type: Arguments.Type, _ call: String) throws -> Arguments {
        try JSONDecoder.rq.decode(BoundCall<Arguments>.self, from: Data("[\"f\", null, \(call)]".utf8)).arguments
    }

    private func refusal<Arguments: Decodable>(_ type: Arguments.Type, _ call: String) -> String? {
        do {
            _ = try bind(type, call)
            return nil
        } catch {
            return JobPayload.reason(error)
        }
    }

    @Test(arguments: [
        #"[1, "x"], {}"#, #"[1], {"b": "x"}"#, #"[], {"b": "x", "a": 1}"#, #"[1, "x", null], {}"#,
    ])
    func argumentsBindAsInPython(_ call: String) throws {
        #expect(try bind(Pair.self, call) == Pair(a: 1, b: "x", c: nil))
    }

    @Test func optionalArgumentsBind() throws {
        #expect(try bind(Pair.self, #"[1, "x", [2.5]], {}"#).c == [2.5])
        #expect(try bind(Pair.self, #"[1], {"c": [1], "b": "x"}"#).c == [1])
    }

    @Test func listsAndSingleValuesBind() throws {
        #expect(try bind([Int].self, "[1, 2, 3], {}") == [1, 2, 3])
        #expect(try bind(String.self, #"["x"], {}"#) == "x")
        #expect(try bind([String: Int].self, #"[], {"k": 1}"#) == ["k": 1])
        _ = try bind(NoArguments.self, "[], {}")
    }

    @Test func mistakesAreNamed() {
        #expect(refusal(Pair.self, "[1], {}") == "b is missing")
        #expect(refusal(Pair.self, #"["x", "x"], {}"#)?.contains("the argument a") == true)
        #expect(refusal(Pair.self, #"[1, "x", null, 4], {}"#)?.contains("takes 3 arguments, but 4") == true)
        #expect(refusal(Pair.self, #"[1, "x"], {"d": 1}"#)?.contains("no argument d") == true)
        #expect(refusal(Pair.self, #"[1, "x"], {"a": 1}"#)?.contains("two values for the argument a") == true)
        #expect(refusal(Pair.self, #"[null, "x"], {}"#) != nil)
        #expect(refusal(NoArguments.self, "[1], {}")?.contains("takes 0 arguments") == true)
        #expect(refusal(NoArguments.self, #"[], {"a": 1}"#)?.contains("no argument a") == true)
        #expect(refusal(String.self, "[], {}")?.contains("takes 1 argument") == true)
        #expect(refusal([Int].self, #"[1], {"a": 2}"#)?.contains("no argument a") == true)
        #expect(refusal(Pair.self, "1, {}") != nil)
        #expect(refusal(Pair.self, "[]") != nil)
    }
}
