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
        try self.init(function: function) { (json) throws(JobsError) in
            try Self.list(arguments, in: &json) { (argument, json) throws(JobsError) in
                try Self.append(argument, to: &json, as: "an argument of \(function)")
            }
        } keywords: { (json) throws(JobsError) in
            json.append(UInt8(ascii: "{"))
            try Self.list(keywords.sorted { $0.key < $1.key }, in: &json) { (keyword, json) throws(JobsError) in
                try Self.append(keyword.key, to: &json, as: "a name")
                json += ": ".utf8
                try Self.append(keyword.value, to: &json, as: "the argument \(keyword.key) of \(function)")
            }
            json.append(UInt8(ascii: "}"))
        }
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
        try self.init(function: function) { (json) in
            Self.list(argumentsJSON, in: &json) { (text, json) in json += text.utf8 }
        } keywords: { (json) in
            json += (keywordsJSON ?? "{}").utf8
        }
    }

    /// A call with the properties of `arguments` by name.
    /// - Throws: ``JobsError`` with `invalid`, `unreadable` or `tooLarge`.
    init(function: String, properties arguments: some Encodable) throws(JobsError) {
        let keywords = try Self.encode(arguments, as: "the job \(function)")
        guard keywords.first == UInt8(ascii: "{") else {
            throw JobsError(
                .invalid, "the job \(function) must encode as an object of its properties, not as another value")
        }
        try self.init(function: function) { _ in
        } keywords: { (json) in
            json += keywords
        }
    }

    /// - Parameters:
    ///   - arguments: Appends what stands within the list.
    ///   - keywords: Appends the object.
    private init(
        function: String, _ arguments: (inout [UInt8]) throws(JobsError) -> Void,
        keywords: (inout [UInt8]) throws(JobsError) -> Void
    ) throws(JobsError) {
        try Self.validate(function: function)
        var json: [UInt8] = []
        json.reserveCapacity(128)
        json.append(UInt8(ascii: "["))
        try Self.append(function, to: &json, as: "the function's name")
        json += ", null, [".utf8
        try arguments(&json)
        json += "], ".utf8
        try keywords(&json)
        json.append(UInt8(ascii: "]"))
        guard json.count <= Self.maximumBytes else {
            throw JobsError(
                .tooLarge,
                "the arguments of \(function) take \(json.count) bytes, the bound is \(Self.maximumBytes): "
                    + "store the data elsewhere and pass its name")
        }
        self.json = json
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

    static func encode(_ value: any Encodable, as what: @autoclosure () -> String) throws(JobsError) -> [UInt8] {
        var json: [UInt8] = []
        try append(value, to: &json, as: what())
        return json
    }

    private static func append(
        _ value: any Encodable, to json: inout [UInt8], as what: @autoclosure () -> String
    ) throws(JobsError) {
        if JSONScalar.append(value, to: &json) { return }
        do {
            json += try JSONEncoder.rq.encode(value)
        } catch {
            throw JobsError(.unreadable, "\(what()) cannot be written as JSON: \(error)")
        }
    }

    private static func list<Item, Failure: Error>(
        _ items: [Item], in json: inout [UInt8], _ append: (Item, inout [UInt8]) throws(Failure) -> Void
    ) throws(Failure) {
        for (index, item) in items.enumerated() {
            if index > 0 { json += ", ".utf8 }
            try append(item, &json)
        }
    }

    private static func isJSON(_ text: String) -> Bool {
        (try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)) != nil
    }
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
