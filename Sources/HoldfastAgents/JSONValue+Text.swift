internal import FoundationEssentials

extension JSONValue {
    /// A text that is not JSON.
    public struct NotJSON: Error, Sendable, Hashable, CustomStringConvertible {
        public let reason: String
        public var description: String { "not JSON: \(reason)" }
    }

    /// Parses a JSON text of any kind; nesting beyond 512 levels is refused.
    public init(text: String) throws(NotJSON) { try self.init(bytes: Array(text.utf8)) }

    public init(bytes: [UInt8]) throws(NotJSON) {
        do {
            self = try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
        } catch let DecodingError.dataCorrupted(context) {
            let cause = (context.underlyingError as (any Error)?).map { ": \($0)" } ?? ""
            throw NotJSON(reason: "\(context.debugDescription)\(cause)")
        } catch {
            throw NotJSON(reason: "\(error)")
        }
    }

    /// The value as JSON, compact and with members sorted by name: equal values give equal texts. JSON has no
    /// infinities and no NaN; they become null.
    public var text: String {
        var output = ""
        write(to: &output)
        return output
    }

    /// Any `Encodable` as a JSON value.
    public init(encoding value: some Encodable) throws {
        self = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(value))
    }

    /// The value as a `Decodable` type; throws `DecodingError`.
    public func decoded<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }

    private func write(to output: inout String) {
        switch self {
        case .null: output += "null"
        case .bool(let value): output += value ? "true" : "false"
        case .integer(let value): output += String(value)
        case .number(let value): output += value.isFinite ? String(value) : "null"
        case .string(let value): Self.write(value, to: &output)
        case .array(let elements):
            output += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { output += "," }
                element.write(to: &output)
            }
            output += "]"
        case .object(let members):
            output += "{"
            for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { output += "," }
                Self.write(member.key, to: &output)
                output += ":"
                member.value.write(to: &output)
            }
            output += "}"
        }
    }

    private static func write(_ text: String, to output: inout String) {
        output += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: output.unicodeScalars.append(scalar)
            }
        }
        output += "\""
    }
}

extension JSONValue: CustomStringConvertible {
    public var description: String { text }
}
