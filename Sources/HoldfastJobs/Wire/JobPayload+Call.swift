import Foundation

extension JobPayload {
    /// The arguments of a call, each as the JSON text that the producer wrote: no number is rounded on the way.
    public struct Call: Sendable, Hashable {
        /// A JSON array.
        public let arguments: [UInt8]
        /// A JSON object.
        public let keywords: [UInt8]
    }

    /// - Throws: ``JobsError`` with `unreadable` when the payload has not RQ's shape.
    public func call() throws(JobsError) -> Call {
        _ = try function()
        // Foundation judges the syntax of the whole; the places of the four elements are then easily found.
        guard let whole = try? JSONSerialization.jsonObject(with: Data(json)) as? [Any], whole.count == 4,
            whole[2] is [Any], whole[3] is [String: Any], let parts = Self.elements(json), parts.count == 4
        else {
            throw JobsError(.unreadable, "the job's data is not RQ's [function, null, arguments, keywords] in JSON")
        }
        return Call(arguments: Array(parts[2]), keywords: Array(parts[3]))
    }

    /// The elements of a well-formed array, with the white space around them.
    private static func elements(_ json: [UInt8]) -> [ArraySlice<UInt8>]? {
        guard let open = json.firstIndex(of: UInt8(ascii: "[")) else { return nil }
        var parts: [ArraySlice<UInt8>] = []
        var (depth, isText, start, index) = (0, false, open + 1, open)
        while index < json.count {
            let byte = json[index]
            switch byte {
            case UInt8(ascii: "\\") where isText: index += 1
            case UInt8(ascii: "\""): isText.toggle()
            case _ where isText: break
            case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth -= 1
                if depth == 0 {
                    parts.append(json[start..<index])
                    return parts
                }
            case UInt8(ascii: ",") where depth == 1:
                parts.append(json[start..<index])
                start = index + 1
            default: break
            }
            index += 1
        }
        return nil
    }
}
