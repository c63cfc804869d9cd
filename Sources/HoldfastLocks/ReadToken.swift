/// What the holder of a shared lock shows when it reads: the token of the last writer before it, or a larger number
/// that no writer was issued.
///
/// A type of its own, for it proves nothing about writing: a resource that took it for a ``FencingToken`` would accept
/// a reader's write in the last writer's name. A resource refuses to be read with it once a later writer has raised the
/// fence, which tells a reader that it read too late.
public struct ReadToken: Sendable, Hashable, Comparable, RawRepresentable {
    public let rawValue: Int64

    public init(rawValue: Int64) { self.rawValue = rawValue }

    public static func < (left: ReadToken, right: ReadToken) -> Bool { left.rawValue < right.rawValue }
}

extension ReadToken: CustomStringConvertible {
    public var description: String { String(rawValue) }
}
