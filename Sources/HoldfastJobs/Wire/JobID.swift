public import HoldfastRuntime

/// A job's id: 1 to 256 characters of `[A-Za-z0-9_-]`, RQ's own rule. It is part of Redis keys.
public struct JobID: Sendable, Hashable, CustomStringConvertible {
    public let text: String

    public static let maximumLength = 256

    /// - Throws: ``JobsError`` with `invalid`.
    public init(_ text: some StringProtocol) throws(JobsError) {
        guard Self.isValid(text) else {
            throw JobsError(
                .invalid,
                "\"\(text.prefix(80))\" is no job id: use 1 to \(Self.maximumLength) letters, digits, _ and -")
        }
        self.text = String(text)
    }

    /// For ids that a script or this type has checked already.
    init(unchecked text: String) { self.text = text }

    /// A fresh id: 128 random bits in the shape of a version 4 UUID, as Python's `rq` makes them.
    public static func fresh(_ runtime: any Runtime) -> JobID {
        var digits = runtime.randomHex(bytes: 16)
        let text = digits.withUTF8 { digits in
            String(unsafeUninitializedCapacity: 36) { text in
                var length = 0
                for (place, digit) in digits.enumerated() {
                    if place == 8 || place == 12 || place == 16 || place == 20 {
                        text[length] = UInt8(ascii: "-")
                        length += 1
                    }
                    text[length] = digit
                    length += 1
                }
                text[14] = UInt8(ascii: "4")
                text[19] = variants[Int(text[19] & 3)]
                return length
            }
        }
        return JobID(unchecked: text)
    }

    private static let variants = Array("89ab".utf8)

    static func isValid(_ text: some StringProtocol) -> Bool {
        let bytes = text.utf8
        guard (1...maximumLength).contains(bytes.count) else { return false }
        return bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }

    public var description: String { text }
}
