import Foundation
import HoldfastRuntime
import Testing

@testable import HoldfastJobs

@Suite struct WireTests {
    @Test(arguments: ["a", "A-Z_0-9", String(repeating: "x", count: 256)])
    func acceptsJobIDs(_ text: String) throws { #expect(try JobID(text).text == text) }

    @Test(arguments: ["", "a:b", "a b", "é", "a\n", "a\0", "*", String(repeating: "x", count: 257)])
    func refusesOtherJobIDs(_ text: String) {
        #expect { try JobID(text) } throws: { ($0 as? JobsError)?.code == .invalid }
    }

    @Test func freshIDsAreVersion4UUIDs() throws {
        for _ in 0..<100 {
            let id = JobID.fresh(LiveRuntime())
            let uuid = try #require(UUID(uuidString: id.text)).uuid
            #expect(uuid.6 >> 4 == 4 && uuid.8 >> 6 == 2)
            #expect(JobID.isValid(id.text))
        }
    }

    @Test(arguments: ["", "a:b", "a,b", "a b", "ü", String(repeating: "q", count: 129)])
    func refusesQueueNames(_ text: String) {
        #expect { try QueueName(text) } throws: { ($0 as? JobsError)?.code == .invalid }
    }

    @Test(arguments: ["", "a b", "rq*"]) func refusesKeyPrefixes(_ text: String) {
        #expect { try RQKeys(prefix: text) } throws: { ($0 as? JobsError)?.code == .invalid }
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000000Z"), (-1, "1969-12-31T23:59:59.999999Z"),
        (951_782_400_000_001, "2000-02-29T00:00:00.000001Z"), (1_795_441_366_123_456, "2026-11-23T13:42:46.123456Z"),
        (4_107_542_399_999_999, "2100-02-28T23:59:59.999999Z"),
    ])
    func timesAreWrittenAndReadAsRQDoes(_ microseconds: Int64, _ text: String) {
        #expect(RQTime.format(WallTime(microseconds: microseconds)) == text)
        #expect(RQTime.parse(text) == WallTime(microseconds: microseconds))
    }

    @Test func timesMayLackTheFraction() {
        #expect(RQTime.parse("1970-01-02T00:00:01Z") == WallTime(microseconds: 86_401_000_000))
    }

    @Test(arguments: [
        "", "Z", "2026-13-01T00:00:00Z", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00", "xT:Z", "1-1-1T99:0:0Z",
    ])
    func whatIsNoTimeIsNil(_ text: String) { #expect(RQTime.parse(text) == nil) }

    @Test(arguments: [0, 1, 1000, 100_000]) func deflatedBytesInflate(_ count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0) }
        #expect(Zlib.inflate(Zlib.deflate(bytes), limit: 1 << 20) == .bytes(bytes))
    }

    @Test func aBombIsRefused() {
        let bomb = Zlib.deflate([UInt8](repeating: 0, count: 1 << 20))
        #expect(bomb.count < 2000)
        #expect(Zlib.inflate(bomb, limit: 1 << 19) == .tooLarge)
        #expect(Zlib.inflate(bomb, limit: 1 << 20) == .bytes([UInt8](repeating: 0, count: 1 << 20)))
    }

    @Test func brokenCompressionIsTakenAsPlainBytes() {
        var cut = Zlib.deflate(Array("hello, hello, hello".utf8))
        cut.removeLast(3)
        #expect(Zlib.inflate(cut, limit: 100) == .notCompressed)
        #expect(Zlib.inflate(Array("[\"f\"]".utf8), limit: 100) == .notCompressed)
        #expect(Zlib.inflate([], limit: 100) == .notCompressed)
    }

    @Test func everyTruncationAndFlipOfAPayloadIsAnErrorOrAValueAndNeverACrash() throws {
        let field = Zlib.deflate(Array(#"["tasks.add", null, [1, {"a": [2.5, "x"]}], {"b": 2}]"#.utf8))
        for index in field.indices {
            for bit in 0..<8 {
                var copy = field
                copy[index] ^= 1 << bit
                _ = try? JobPayload(field: copy).function()
            }
            _ = try? JobPayload(field: Array(field.prefix(index))).function()
        }
    }

    @Test func payloadsAreWrittenAsRQReadsThem() throws {
        let payload = try JobPayload(function: "tasks.add", arguments: [1, "a/b"], keywords: ["z": true, "b": [1.5]])
        #expect(
            String(decoding: payload.json, as: UTF8.self)
                == #"["tasks.add", null, [1, "a/b"], {"b": [1.5], "z": true}]"#)
        #expect(try payload.function() == "tasks.add")
        #expect(payload.summary == #"tasks.add(1, "a/b", b=[1.5], z=true)"#)
    }

    /// What is written without Foundation's encoder is what that would have written.
    @Test func scalarsAreWrittenAsTheEncoderDoes() throws {
        let characters = (0..<256).map { String(UnicodeScalar(UInt8($0))) } + ["日本", "🎩", "\u{2028}", "e\u{301}"]
        let texts = characters + [characters.joined(), "", String(repeating: "x", count: 5000) + "\"", "a/b", "\r\n"]
        let numbers: [any Encodable] = [0, -1, Int.max, Int.min, Int64.min, Int64.max, true, false]
        for value in texts as [any Encodable] + numbers {
            var json: [UInt8] = []
            #expect(JSONScalar.append(value, to: &json))
            #expect(json == Array(try JSONEncoder.rq.encode(value)))
        }
        for value in [1.5, ["a"], Optional<Int>.none, UInt64.max, UInt8(1)] as [any Encodable] {
            var json: [UInt8] = []
            #expect(!JSONScalar.append(value, to: &json) && json.isEmpty)
        }
    }

    @Test func anArgumentThatCannotBeWrittenIsNamed() throws {
        #expect { try JobPayload(function: "f", arguments: ["a", Double.nan]) } throws: {
            "\($0)".contains("an argument of f cannot be written as JSON")
        }
        #expect { try JobPayload(function: "f", keywords: ["a": 1, "b": Double.nan]) } throws: {
            "\($0)".contains("the argument b of f cannot be written as JSON")
        }
    }

    @Test func freshIDsAreUUIDsOfVersion4() throws {
        let shape = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/
        let ids = (0..<1000).map { _ in JobID.fresh(LiveRuntime()).text }
        #expect(ids.allSatisfy { $0.wholeMatch(of: shape) != nil })
        #expect(Set(ids).count == 1000)
        #expect(Set(ids.map { Array($0.utf8)[19] }).count == 4)
    }

    @Test func largePayloadsAreCompressedAndBounded() throws {
        let payload = try JobPayload(function: "f", arguments: [String(repeating: "x", count: 5000)])
        #expect(payload.field.count < 100)
        #expect(try JobPayload(field: payload.field) == payload)
        #expect { try JobPayload(function: "f", arguments: [String(repeating: "x", count: 17 << 20)]) } throws: {
            ($0 as? JobsError)?.code == .tooLarge
        }
    }

    @Test(arguments: ["", "a b", "f\n", String(repeating: "f", count: 513)])
    func refusesFunctionNames(_ name: String) {
        #expect { try JobPayload(function: name) } throws: { ($0 as? JobsError)?.code == .invalid }
    }

    @Test func argumentsOfTheCommandLineMustBeJSON() throws {
        let payload = try JobPayload(function: "f", argumentsJSON: ["1", "\"a\""], keywordsJSON: #"{"k": null}"#)
        #expect(String(decoding: payload.json, as: UTF8.self) == #"["f", null, [1, "a"], {"k": null}]"#)
        #expect(throws: JobsError.self) { try JobPayload(function: "f", argumentsJSON: ["a"]) }
        #expect(throws: JobsError.self) { try JobPayload(function: "f", argumentsJSON: ["1, 2"]) }
        #expect(throws: JobsError.self) { try JobPayload(function: "f", argumentsJSON: [], keywordsJSON: "[1]") }
    }

    @Test func aSummaryIsTheCallOnOneLineWhateverItsArguments() throws {
        let payload = try JobPayload(
            function: "f", argumentsJSON: [" [1, {\"a\" : \"], }\"}] ", "\"q\\\"uote\"", "-1.50"],
            keywordsJSON: "{ \"z\" : 1 ,\n\"\\u00e9\": {\n\t\"b\": null } }")
        #expect(payload.summary == #"f([1, {"a" : "], }"}], "q\"uote", -1.50, z=1, é={  "b": null })"#)
        #expect(try JobPayload(function: "f").summary == "f()")
        #expect(try JobPayload(function: #"a"b\c"#, arguments: [1]).summary == #"a"b\c(1)"#)
        let long = try JobPayload(function: "f", arguments: [String(repeating: "é", count: 100_000), 1]).summary
        #expect(long.count == 200 && long.hasPrefix("f(\"éé") && long.hasSuffix("é…"))
        let many = try JobPayload(function: "f", arguments: Array(repeating: 1, count: 100_000)).summary
        #expect(many.count == 200 && many.hasPrefix("f(1, 1") && many.hasSuffix("…"))
        for rubbish in [
            "", "[", "x", "[]", "[1, 2]", "{}", #"["f", null, [1], 3]"#, #"["f", null, 1, {}]"#,
            #"["f", null, [], {1}]"#,
        ] {
            #expect(try JobPayload(field: Array(rubbish.utf8)).summary == "")
        }
    }

    @Test func picklesAreNamed() {
        #expect { try JobPayload(field: [0x80, 0x04, 0x95, 0x2e]) } throws: { error in
            (error as? JobsError)?.code == .pickled && "\(error)".contains("serializer='json'")
        }
    }

    @Test func failuresKeepTheirTextAndAreCut() throws {
        let fields = ["type": Array("2".utf8), "exc_string": Array(JobResult.encode(failure: "ValueError: é").utf8)]
        let result = try JobResult(jobID: JobID("a"), entry: "1700000000123-0", fields: fields)
        #expect(result.failure == "ValueError: é" && result.outcome == .failed)
        #expect(result.recordedAt == WallTime(microseconds: 1_700_000_000_123_000))
        let long = JobResult.encode(failure: String(repeating: "é", count: 100_000))
        let cut = try JobResult(
            jobID: JobID("a"), entry: "", fields: ["type": Array("2".utf8), "exc_string": Array(long.utf8)])
        #expect(cut.failure?.utf8.count ?? 0 <= JobResult.maximumFailureBytes + 3)
    }
}
