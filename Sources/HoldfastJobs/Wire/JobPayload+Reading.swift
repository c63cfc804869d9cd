import Foundation

extension JobPayload {
    /// The function's name.
    /// - Throws: ``JobsError`` with `unreadable` when the payload has not RQ's shape.
    public func function() throws(JobsError) -> String {
        do {
            return try JSONDecoder.rq.decode(FunctionName.self, from: Data(json)).name
        } catch {
            throw JobsError(
                .unreadable,
                "the job's data is not RQ's [function, null, arguments, keywords] in JSON "
                    + "(\(Self.reason(error))): enqueue it with serializer='json'")
        }
    }

    /// The function's call as text, such as `tasks.add(1, b=2)`, shortened to 200 characters. Every job that is
    /// enqueued has one, so it is cut out of the JSON; arguments by name are sorted. Empty where the payload has not
    /// RQ's shape.
    public var summary: String {
        guard let parts = JSONParts.elements(json[...]), parts.count == 4, let name = JSONParts.text(parts[0]),
            parts[2].first == UInt8(ascii: "["), parts[3].first == UInt8(ascii: "{"),
            let arguments = JSONParts.elements(parts[2]), let members = JSONParts.elements(parts[3])
        else { return "" }
        let named = members.compactMap(JSONParts.member)
        guard named.count == members.count else { return "" }
        var call = name + "("
        var separator = ""
        for (name, value) in arguments.map({ ("", $0) }) + named.sorted(by: { $0.name < $1.name }) {
            guard call.utf8.count <= Self.maximumSummary * 4 else { break }
            call += separator + (name.isEmpty ? "" : name + "=") + Self.line(value)
            separator = ", "
        }
        call += ")"
        return call.utf8.count <= Self.maximumSummary || call.count <= Self.maximumSummary
            ? call : call.prefix(Self.maximumSummary - 1) + "…"
    }

    private static let maximumSummary = 200

    /// A value on one line, no longer than can be shown.
    private static func line(_ value: ArraySlice<UInt8>) -> String {
        // No character takes more bytes in JSON than an escaped pair of surrogates.
        let text = String(decoding: value.prefix(maximumSummary * 12), as: UTF8.self)
        return value.contains { $0 < 32 } ? String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 }) : text
    }

    /// The gist of a decoding failure, without the debugger's view of every container.
    static func reason(_ error: any Error) -> String {
        func place(_ context: DecodingError.Context) -> String {
            context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
        }
        switch error {
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.dataCorrupted(let context):
            let at = place(context)
            return at.isEmpty ? context.debugDescription : "\(at): \(context.debugDescription)"
        case DecodingError.keyNotFound(let key, _): return "\(key.stringValue) is missing"
        default: return String(describing: error)
        }
    }
}

private struct FunctionName: Decodable {
    let name: String

    init(from decoder: any Decoder) throws {
        var parts = try decoder.unkeyedContainer()
        name = try parts.decode(String.self)
        guard try parts.decodeNil() else {
            throw DecodingError.dataCorruptedError(in: parts, debugDescription: "methods of instances cannot be called")
        }
    }
}
