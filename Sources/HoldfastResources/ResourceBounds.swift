package import HoldfastLocks
import HoldfastRuntime

/// The bounds that all adapters share, so that what one store takes another takes too.
package enum ResourceBounds {
    package static let nameBytes = 1...512
    package static let valueBytes = 256 << 20
    package static let retention: ClosedRange<Duration> = .seconds(1)...(.seconds(36_500 * 86_400))

    package static func check(name: String) throws(ResourceError) {
        guard nameBytes.contains(name.utf8.count) else {
            throw .invalid("a resource's name has 1 to 512 bytes, this one has \(name.utf8.count)")
        }
    }

    package static func check(_ token: FencingToken) throws(ResourceError) {
        guard token.rawValue >= 1, token <= .maximum else {
            throw .invalid("a fencing token is a number from 1 to \(FencingToken.maximum), not \(token)")
        }
    }

    package static func check(valueBytes count: Int) throws(ResourceError) {
        guard count <= valueBytes else {
            throw .invalid("a value has at most \(valueBytes) bytes, this one has \(count)")
        }
    }

    package static func check(retention: Duration) throws(ResourceError) {
        guard self.retention.contains(retention) else {
            throw .invalid("idempotency keys are remembered for 1 second to 36500 days, not \(retention)")
        }
    }
}
