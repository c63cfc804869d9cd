/// Why a scenario cannot be used or a run not be held, in a sentence.
public struct ChaosError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Whether what was asked for is wrong, rather than that something went wrong.
    public var isUsage: Bool
    public var description: String

    public init(_ description: String, isUsage: Bool = false) {
        self.description = description
        self.isUsage = isUsage
    }
}
