import Foundation

/// What a job calls: RQ's `data` field, `[function, null, arguments, keywords]` in JSON.
public struct JobPayload: Sendable, Hashable {
    /// The uncompressed JSON.
    public let json: [UInt8]

    /// A payload is refused beyond this size, before and after compression: 16 MiB.
    public static let maximumBytes = 16 << 20
    public static let maximumFunctionLength = 512
    /// Smaller payloads are written as they are, which RQ's readers accept and people can read.
    static let compressionThreshold = 1024

    /// - Parameters:
    ///   - function: A dotted path, as RQ names functions: 1 to 512 printable ASCII characters without spaces.
    ///   - arguments: Positional arguments, each encoded as JSON.
    ///   - keywords: Arguments by name.
    /// - Throws: ``JobsError`` with `invalid`, `unreadable` or `tooLarge`.
    public init(
        function: String, arguments: [any Encodable] = [], keywords: [String: any Encodable] = [:]
    ) throws(JobsError) {
        var positional: [[UInt8]] = []
        for argument in arguments { positional.append(try Self.encode(argument, as: "an argument of \(function)")) }
        var named: [(String, [UInt8])] = []
        for (name, value) in keywords.sorted(by: { $0.key < $1.key }) {
            named.append((name, try Self.encode(value, as: "the argument \(name) of \(function)")))
        }
        try self.init(function: function, positional: positional, named: named)
    }

    /// - Parameters:
    ///   - argumentsJSON: One JSON text an argument.
    ///   - keywordsJSON: A JSON object, or nil for none.
    public init(function: String, argumentsJSON: [String], keywordsJSON: String? = nil) throws(JobsError) {
        for text in argumentsJSON where !Self.isJSON(text) {
            throw JobsError(
                .unreadable, "the argument \(text.prefix(80)) is no JSON (a text needs its quotes: '\"text\"')")
        }
        if let keywordsJSON {
            let parsed = try? JSONSerialization.jsonObject(with: Data(keywordsJSON.utf8))
            guard parsed is [String: Any] else {
                throw JobsError(.unreadable, "the keyword arguments \(keywordsJSON.prefix(80)) are no JSON object")
            }
        }
        try self.init(
            function: function, positional: argumentsJSON.map { Array($0.utf8) },
            keywords: keywordsJSON.map { Array($0.utf8) } ?? Array("{}".utf8))
    }

    private init(function: String, positional: [[UInt8]], named: [(String, [UInt8])]) throws(JobsError) {
        var keywords: [[UInt8]] = []
        for (name, value) in named {
            keywords.append(try Self.encode(name, as: "a name") + Array(": ".utf8) + value)
        }
        try self.init(
            function: function, positional: positional,
            keywords: Array("{".utf8) + Self.join(keywords) + Array("}".utf8))
    }

    private init(function: String, positional: [[UInt8]], keywords: [UInt8]) throws(JobsError) {
        try Self.validate(function: function)
        let name = Array(function.utf8)
        let needsEscapes = name.contains { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }
        var json = Array("[".utf8)
        json += needsEscapes ? try Self.encode(function, as: "the function's name") : Array("\"\(function)\"".utf8)
        json += Array(", null, [".utf8) + Self.join(positional) + Array("], ".utf8) + keywords + Array("]".utf8)
        guard json.count <= Self.maximumBytes else {
            throw JobsError(
                .tooLarge,
                "the arguments of \(function) take \(json.count) bytes, the bound is \(Self.maximumBytes): "
                    + "store the data elsewhere and pass its name")
        }
        self.json = json
    }

    /// A call with the properties of `arguments` by name.
    /// - Throws: ``JobsError`` with `invalid`, `unreadable` or `tooLarge`.
    init(function: String, properties arguments: some Encodable) throws(JobsError) {
        let keywords = try Self.encode(arguments, as: "the job \(function)")
        guard keywords.first == UInt8(ascii: "{") else {
            throw JobsError(
                .invalid, "the job \(function) must encode as an object of its properties, not as another value")
        }
        try self.init(function: function, positional: [], keywords: keywords)
    }

    static func validate(function: String) throws(JobsError) {
        let name = function.utf8
        guard (1...maximumFunctionLength).contains(name.count), name.allSatisfy({ (33...126).contains($0) }) else {
            throw JobsError(
                .invalid,
                "\"\(function.prefix(80))\" is no function name: use 1 to \(maximumFunctionLength) printable "
                    + "ASCII characters without spaces, as in package.module.function")
        }
    }

    /// Reads a `data` field, compressed or not.
    /// - Throws: ``JobsError`` with `pickled` or `tooLarge`.
    init(field: [UInt8]) throws(JobsError) {
        let inflated = Zlib.inflate(field, limit: Self.maximumBytes)
        if inflated == .tooLarge || field.count > Self.maximumBytes {
            throw JobsError(.tooLarge, "the job's arguments take more than \(Self.maximumBytes) bytes")
        }
        if case .bytes(let bytes) = inflated { json = bytes } else { json = field }
        // Every pickle since protocol 2 (Python 2.3) begins with the opcode PROTO; no JSON text does.
        if json.first == 0x80 {
            throw JobsError(
                .pickled,
                "the job was enqueued with RQ's pickle serializer, which only Python can read: enqueue it with "
                    + "Queue(..., serializer='json')")
        }
    }

    /// The `data` field to write.
    var field: [UInt8] { json.count < Self.compressionThreshold ? json : Zlib.deflate(json) }

    static func encode(_ value: any Encodable, as what: String) throws(JobsError) -> [UInt8] {
        do {
            return Array(try JSONEncoder.rq.encode(value))
        } catch {
            throw JobsError(.unreadable, "\(what) cannot be written as JSON: \(error)")
        }
    }

    private static func isJSON(_ text: String) -> Bool {
        (try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)) != nil
    }

    private static func join(_ parts: [[UInt8]]) -> [UInt8] { Array(parts.joined(separator: Array(", ".utf8))) }
}

extension JSONEncoder {
    /// The same value always as the same bytes: sorted keys, no escaped slashes, dates in ISO 8601.
    static let rq: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        encoder.dateEncodingStrategy = .iso8601
        return encoder
    }()
}

extension JSONDecoder {
    static let rq: JSONDecoder = {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return decoder
    }()
}
