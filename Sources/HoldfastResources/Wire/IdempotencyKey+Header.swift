/// The header's value is a String of structured fields, in quotes (RFC 9651 §3.3.3). That has only printable ASCII:
/// another key travels as a Display String, `%"f%c3%bc"` (§3.3.8).
extension IdempotencyKey {
    package var headerText: String {
        if text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) {
            return "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
        }
        var encoded = ""
        for byte in text.utf8 {
            if (0x20...0x7E).contains(byte), byte != UInt8(ascii: "%"), byte != UInt8(ascii: "\"") {
                encoded.append(Character(UnicodeScalar(byte)))
            } else {
                encoded += (byte < 16 ? "%0" : "%") + String(byte, radix: 16)
            }
        }
        return "%\"\(encoded)\""
    }

    /// - Throws: ``ResourceError/invalid(_:)`` for anything but one of the two forms.
    package init(headerText: String) throws(ResourceError) {
        var rest = Array(headerText.utf8)[...]
        while rest.first == 0x20 { rest.removeFirst() }
        while rest.last == 0x20 { rest.removeLast() }
        let isDisplay = rest.first == UInt8(ascii: "%")
        if isDisplay { rest.removeFirst() }
        guard rest.count >= 2, rest.popFirst() == UInt8(ascii: "\""), rest.popLast() == UInt8(ascii: "\""),
            let bytes = isDisplay ? Self.display(rest) : Self.string(rest), let text = String(validating: bytes)
        else { throw .invalid("write the key in quotes: \(FencingHeaders.key): \"8e03978e-40d5\"") }
        try self.init(text)
    }

    private static func string(_ content: ArraySlice<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = content
        while let byte = rest.popFirst() {
            guard (0x20...0x7E).contains(byte), byte != UInt8(ascii: "\"") else { return nil }
            if byte != UInt8(ascii: "\\") {
                bytes.append(byte)
            } else if let escaped = rest.popFirst(), escaped == UInt8(ascii: "\\") || escaped == UInt8(ascii: "\"") {
                bytes.append(escaped)
            } else {
                return nil
            }
        }
        return bytes
    }

    private static func display(_ content: ArraySlice<UInt8>) -> [UInt8]? {
        // Lower-case digits only, says the standard: one text has one form.
        func digit(_ byte: UInt8?) -> UInt8? {
            switch byte {
            case .some(let byte) where (48...57).contains(byte): byte - 48
            case .some(let byte) where (97...102).contains(byte): byte - 87
            default: nil
            }
        }
        var bytes: [UInt8] = []
        var rest = content
        while let byte = rest.popFirst() {
            guard (0x20...0x7E).contains(byte), byte != UInt8(ascii: "\"") else { return nil }
            if byte != UInt8(ascii: "%") {
                bytes.append(byte)
            } else if let high = digit(rest.popFirst()), let low = digit(rest.popFirst()) {
                bytes.append(high << 4 | low)
            } else {
                return nil
            }
        }
        return bytes
    }
}

extension String {
    fileprivate init?(validating bytes: [UInt8]) { self.init(validating: bytes, as: UTF8.self) }
}
