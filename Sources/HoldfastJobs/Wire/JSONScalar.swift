import Foundation

/// Texts, whole numbers and truth values in JSON, byte for byte as ``JSONEncoder/rq`` writes them.
///
/// Most arguments of jobs are such. The encoder makes several objects for each value that it is given, which was half
/// of what a producer spent on one of many jobs.
enum JSONScalar {
    /// - Returns: False, and nothing is appended, for anything else.
    static func append(_ value: any Encodable, to json: inout [UInt8]) -> Bool {
        switch value {
        case let text as String: append(text, to: &json)
        case let number as Int: json += String(number).utf8
        case let number as Int64: json += String(number).utf8
        case let flag as Bool: json += (flag ? "true" : "false").utf8
        default: return false
        }
        return true
    }

    private static func append(_ text: String, to json: inout [UInt8]) {
        var text = text
        json.append(UInt8(ascii: "\""))
        text.withUTF8 { bytes in
            if !bytes.contains(where: needsEscape) { return json.append(contentsOf: bytes) }
            for byte in bytes {
                if needsEscape(byte) { escape(byte, in: &json) } else { json.append(byte) }
            }
        }
        json.append(UInt8(ascii: "\""))
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 32 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private static func escape(_ byte: UInt8, in json: inout [UInt8]) {
        json.append(UInt8(ascii: "\\"))
        switch byte {
        case 8: json.append(UInt8(ascii: "b"))
        case 9: json.append(UInt8(ascii: "t"))
        case 10: json.append(UInt8(ascii: "n"))
        case 12: json.append(UInt8(ascii: "f"))
        case 13: json.append(UInt8(ascii: "r"))
        case 0..<32:
            let digits = String(byte, radix: 16)
            json += (digits.utf8.count == 1 ? "u000" : "u00").utf8
            json += digits.utf8
        default: json.append(byte)
        }
    }
}
