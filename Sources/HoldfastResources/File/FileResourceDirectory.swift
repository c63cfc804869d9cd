import HoldfastDigest
public import HoldfastRuntime

/// A directory of fenced files, one for each name, whatever bytes the name has: `report` is the file `report`, and
/// `../a b` is `%2E.%2Fa%20b`. Names too long for a file end in a digest.
public struct FileResourceDirectory: Sendable {
    public let path: String
    private let retention: Duration
    private let runtime: any Runtime

    /// - Parameters:
    ///   - path: A directory that exists.
    ///   - retention: See ``FileResource/init(_:name:retention:keyLimit:patience:runtime:)``.
    public init(_ path: String, retention: Duration = .seconds(7 * 86_400), runtime: any Runtime = LiveRuntime()) {
        self.path = path
        self.retention = retention
        self.runtime = runtime
    }

    /// - Parameter name: 1 to 512 bytes.
    public func resource(_ name: String) throws(ResourceError) -> FileResource {
        try ResourceBounds.check(name: name)
        return try FileResource("\(path)/\(Self.fileName(name))", name: name, retention: retention, runtime: runtime)
    }

    static func fileName(_ name: String) -> String {
        var encoded = ""
        for (index, byte) in name.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                encoded.append(Character(UnicodeScalar(byte)))
            // Not first: what begins with a dot is hidden, and may be the records of another file.
            case UInt8(ascii: ".") where index > 0: encoded.append(".")
            default: encoded += "%" + hex(byte)
            }
        }
        guard encoded.utf8.count > 200 else { return encoded }
        // No encoded name has a tilde.
        return encoded.prefix(130) + "~" + SHA256.digest(of: name.utf8).map(hex).joined()
    }

    private static func hex(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }
}
