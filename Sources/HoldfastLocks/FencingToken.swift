/// A number that grows with every tenure of a lock. A resource that remembers the largest token it has seen refuses
/// a holder whose lease ended without its noticing (Kleppmann, *How to do distributed locking*, 2016).
///
/// Issued by a majority of nodes: no two acquisitions of a name ever get the same token, and one that begins after
/// another returned gets a larger one. Below 2^53, so that Lua and JSON hold it exactly.
public struct FencingToken: Sendable, Hashable, Comparable, Codable, RawRepresentable {
    public static let maximum = FencingToken(rawValue: 1 << 53 - 1)

    public let rawValue: Int64

    public init(rawValue: Int64) { self.rawValue = rawValue }

    public init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(Int64.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }

    public static func < (left: FencingToken, right: FencingToken) -> Bool { left.rawValue < right.rawValue }
}

extension FencingToken: CustomStringConvertible {
    public var description: String { String(rawValue) }
}
