import Synchronization

/// A number that many tasks count.
public final class Count: Sendable {
    private let count = Atomic<Int>(0)

    public init() {}

    public var value: Int { count.load(ordering: .sequentiallyConsistent) }

    @discardableResult
    public func add(_ number: Int) -> Int { count.add(number, ordering: .sequentiallyConsistent).newValue }
}
