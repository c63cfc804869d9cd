import Synchronization

/// A number that many threads count up.
public final class Counter: Sendable {
    private let number = Atomic<Int>(0)

    public init() {}

    public var value: Int { number.load(ordering: .sequentiallyConsistent) }

    @discardableResult
    public func increment() -> Int { number.add(1, ordering: .sequentiallyConsistent).newValue }
}
