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

    /// The function's call as text, such as `tasks.add(1, b=2)`, shortened to 200 characters.
    public var summary: String {
        guard let parts = try? JSONSerialization.jsonObject(with: Data(json)) as? [Any], parts.count == 4,
            let name = parts[0] as? String, let arguments = parts[2] as? [Any],
            let keywords = parts[3] as? [String: Any]
        else { return "" }
        func text(_ value: Any) -> String {
            let options: JSONSerialization.WritingOptions = [.fragmentsAllowed, .sortedKeys, .withoutEscapingSlashes]
            guard let data = try? JSONSerialization.data(withJSONObject: value, options: options) else { return "…" }
            return String(decoding: data, as: UTF8.self)
        }
        let named = keywords.keys.sorted().map { "\($0)=\(text(keywords[$0] ?? NSNull()))" }
        let call = "\(name)(\((arguments.map(text) + named).joined(separator: ", ")))"
        return call.count <= 200 ? call : call.prefix(199) + "…"
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
