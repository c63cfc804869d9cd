/// A history that cannot be written, read or believed, in a sentence.
public struct HistoryError: Error, Sendable, Hashable, CustomStringConvertible {
    public var description: String

    public init(_ description: String) { self.description = description }
}
