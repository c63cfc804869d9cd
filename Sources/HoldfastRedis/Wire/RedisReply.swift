/// A server's reply, copied out of the connection's tape.
public enum RedisReply: Sendable, Hashable {
    case null
    case integer(Int64)
    /// A simple string, such as `OK`.
    case status(String)
    case bytes([UInt8])
    case array([RedisReply])
    /// An error inside an array; an error that is the whole reply is thrown instead.
    case error(String)
}

extension RedisReply {
    /// The reply as text: bulk or simple string (invalid UTF-8 is repaired with U+FFFD), or an integer's digits.
    public var text: String? {
        switch self {
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .status(let text): text
        case .integer(let number): String(number)
        case .null, .array, .error: nil
        }
    }

    /// The reply as bytes: bulk or simple string.
    public var bytes: [UInt8]? {
        switch self {
        case .bytes(let bytes): bytes
        case .status(let text): Array(text.utf8)
        case .null, .array, .error, .integer: nil
        }
    }

    /// An integer, or a string of decimal digits.
    public var integer: Int64? {
        switch self {
        case .integer(let number): number
        case .bytes, .status: text.flatMap { Int64($0) }
        case .null, .array, .error: nil
        }
    }

    public var array: [RedisReply]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    public var isNull: Bool { self == .null }
}

extension RedisReply: CustomStringConvertible {
    public var description: String {
        switch self {
        case .null: "(nil)"
        case .integer(let number): "(integer) \(number)"
        case .status(let text): text
        case .bytes(let bytes): "\"\(String(decoding: bytes.prefix(200), as: UTF8.self))\""
        case .array(let elements): "[\(elements.prefix(20).map(\.description).joined(separator: ", "))]"
        case .error(let text): "(error) \(text)"
        }
    }
}
