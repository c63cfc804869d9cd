import CHiredis

/// A reply in place, on the connection's tape: valid only during the call that hands it over.
///
/// Whoever needs two integers of a script's result reads them here without a copy; ``materialized()`` copies all.
public struct ReplyCursor {
    public enum Kind: Sendable { case string, array, integer, null, status, error }

    let tokens: UnsafePointer<hf_token>
    let bytes: UnsafePointer<UInt8>?

    public var kind: Kind {
        switch tokens.pointee.type {
        case UInt32(HF_STRING): .string
        case UInt32(HF_ARRAY): .array
        case UInt32(HF_INTEGER): .integer
        case UInt32(HF_STATUS): .status
        case UInt32(HF_ERROR): .error
        default: .null
        }
    }

    /// The value of an integer, or the number of elements of an array.
    public var value: Int64 { tokens.pointee.value }

    public var text: String { String(decoding: rawBytes, as: UTF8.self) }

    /// The bytes of a string, status or error; empty for the rest.
    public var rawBytes: UnsafeBufferPointer<UInt8> {
        switch kind {
        case .string, .status, .error:
            UnsafeBufferPointer(start: bytes?.advanced(by: Int(value)), count: Int(tokens.pointee.length))
        case .array, .integer, .null: UnsafeBufferPointer(start: nil, count: 0)
        }
    }

    /// The element of an array whose elements before `index` are all scalars; nil otherwise or out of range.
    public func scalar(at index: Int) -> ReplyCursor? {
        guard kind == .array, index >= 0, index < value else { return nil }
        let element = ReplyCursor(tokens: tokens + 1 + index, bytes: bytes)
        for earlier in 0..<index where tokens[1 + earlier].type == UInt32(HF_ARRAY) { return nil }
        return element
    }

    /// Hands over each element of an array, whatever it holds, in order. Nothing happens for any other kind.
    public func forEachElement(_ body: (ReplyCursor) -> Void) {
        guard kind == .array else { return }
        var next = tokens + 1
        for _ in 0..<value {
            body(ReplyCursor(tokens: next, bytes: bytes))
            var left = 1
            while left > 0 {
                if next.pointee.type == UInt32(HF_ARRAY) { left += Int(next.pointee.value) }
                left -= 1
                next += 1
            }
        }
    }

    public func materialized() -> RedisReply {
        var next = tokens
        return Self.copy(&next, bytes)
    }

    // Recursion is bounded: hiredis' reader accepts at most seven levels.
    private static func copy(_ next: inout UnsafePointer<hf_token>, _ bytes: UnsafePointer<UInt8>?) -> RedisReply {
        let cursor = ReplyCursor(tokens: next, bytes: bytes)
        next += 1
        switch cursor.kind {
        case .null: return .null
        case .integer: return .integer(cursor.value)
        case .status: return .status(cursor.text)
        case .error: return .error(cursor.text)
        case .string: return .bytes(Array(cursor.rawBytes))
        case .array:
            let count = Int(cursor.value)
            var elements: [RedisReply] = []
            elements.reserveCapacity(count)
            for _ in 0..<count { elements.append(copy(&next, bytes)) }
            return .array(elements)
        }
    }
}
