/// What the holder of a shared lock shows: a number above the token of every writer before it, and below that of the
/// next. Readers without a writer between them may share it.
///
/// A reader raises the fence of a resource with it before it reads: from then on nothing that an earlier writer still
/// has on its way is accepted, so that what the reader has read stays true while it holds the lock. A resource refuses
/// it once a later writer has raised the fence, which tells a reader that it came too late. Where the nodes' counters
/// differ, after attempts that failed, later readers may have a larger number without a writer in between; then too the
/// earlier ones are refused, and begin anew.
///
/// A type of its own, for who only reads must not write: no resource accepts it for a write.
public struct ReadToken: Sendable, Hashable, Comparable, RawRepresentable {
    public let rawValue: Int64

    public init(rawValue: Int64) { self.rawValue = rawValue }

    public static func < (left: ReadToken, right: ReadToken) -> Bool { left.rawValue < right.rawValue }
}

extension ReadToken: CustomStringConvertible {
    public var description: String { String(rawValue) }
}
