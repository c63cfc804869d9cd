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
        var digits = Array(runtime.randomHex(bytes: 16).utf8)
        digits[12] = UInt8(ascii: "4")
        digits[16] = Array("89ab".utf8)[Int(digits[16]) % 4]
        let groups = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32]
        return JobID(unchecked: groups.map { String(decoding: digits[$0], as: UTF8.self) }.joined(separator: "-"))
    }

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
