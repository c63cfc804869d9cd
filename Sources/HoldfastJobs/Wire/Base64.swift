/// RFC 4648's base64, with padding: RQ's form of values in result streams.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Foundation's by way of `Data` costs several times as much for the short values that jobs return.
    static func encode(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4) { out, count in
            var at = 0
            while at < bytes.count {
                let second = at + 1 < bytes.count ? bytes[at + 1] : 0
                let third = at + 2 < bytes.count ? bytes[at + 2] : 0
                let bits = Int(bytes[at]) << 16 | Int(second) << 8 | Int(third)
                out[count] = alphabet[bits >> 18]
                out[count + 1] = alphabet[bits >> 12 & 63]
                out[count + 2] = at + 1 < bytes.count ? alphabet[bits >> 6 & 63] : UInt8(ascii: "=")
                out[count + 3] = at + 2 < bytes.count ? alphabet[bits & 63] : UInt8(ascii: "=")
                at += 3
                count += 4
            }
        }
    }
}
