import Foundation

/// The parts of a well-formed JSON text where they stand, without reading what is in them: a call's arguments keep
/// every digit that the producer wrote, and cost nothing.
enum JSONParts {
    /// The elements of an array, or the members of an object, without the white space around them. Nil when that does
    /// not end; of a text that is no JSON otherwise, anything.
    static func elements(_ json: ArraySlice<UInt8>) -> [ArraySlice<UInt8>]? {
        guard let open = json.firstIndex(where: { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{") }) else {
            return nil
        }
        var parts: [ArraySlice<UInt8>] = []
        var (depth, isText, start, index) = (0, false, open + 1, open)
        func close() {
            let part = trim(json[start..<index])
            if !part.isEmpty || !parts.isEmpty { parts.append(part) }
        }
        while index < json.endIndex {
            let byte = json[index]
            switch byte {
            case UInt8(ascii: "\\") where isText: index += 1
            case UInt8(ascii: "\""): isText.toggle()
            case _ where isText: break
            case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth -= 1
                if depth == 0 {
                    close()
                    return parts
                }
            case UInt8(ascii: ",") where depth == 1:
                close()
                start = index + 1
            default: break
            }
            index += 1
        }
        return nil
    }

    /// An object's member; nil for what is none.
    static func member(_ json: ArraySlice<UInt8>) -> (name: String, value: ArraySlice<UInt8>)? {
        guard json.first == UInt8(ascii: "\"") else { return nil }
        var index = json.startIndex + 1
        while index < json.endIndex, json[index] != UInt8(ascii: "\"") {
            index += json[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard index < json.endIndex, let name = text(json[...index]) else { return nil }
        let rest = trim(json[(index + 1)...])
        return rest.first == UInt8(ascii: ":") ? (name, trim(rest.dropFirst())) : nil
    }

    /// What a string says; nil for what is none.
    static func text(_ json: ArraySlice<UInt8>) -> String? {
        guard json.count >= 2, json.first == UInt8(ascii: "\""), json.last == UInt8(ascii: "\"") else { return nil }
        if json.contains(UInt8(ascii: "\\")) { return try? JSONDecoder.rq.decode(String.self, from: Data(json)) }
        return String(decoding: json.dropFirst().dropLast(), as: UTF8.self)
    }

    private static func trim(_ json: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        // Nothing below a space but white space stands between tokens.
        guard let first = json.firstIndex(where: { $0 > 32 }), let last = json.lastIndex(where: { $0 > 32 }) else {
            return json[json.endIndex...]
        }
        return json[first...last]
    }
}
