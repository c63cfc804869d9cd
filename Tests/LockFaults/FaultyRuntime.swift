public import HoldfastRuntime
import Synchronization

/// The live runtime with clocks that jump, and a count of who uses it.
public final class FaultyRuntime: Runtime {
    private let live = LiveRuntime()
    private let ahead = Mutex(Duration.zero)
    private let wallJumps = Count()
    private let strike = Mutex<(point: String, action: @Sendable () -> Void)?>(nil)

    public init() {}

    /// Lets the clock jump, as it does for a process that was suspended.
    public func jump(_ span: Duration) { ahead.withLock { $0 += span } }

    public var now: Instant {
        Step.take()
        return shifted
    }

    private var shifted: Instant { live.now.advanced(by: ahead.withLock { $0 }) }

    /// Runs `action` once, when somebody comes to the point of this name.
    public func at(_ point: String, _ action: @escaping @Sendable () -> Void) {
        strike.withLock { $0 = (point, action) }
    }

    public func pass(_ point: String) {
        Step.take()
        let action = strike.withLock { strike in strike?.point == point ? strike.take()?.action : nil }
        action?()
    }

    /// A month further at every reading, to and fro.
    public var wallTime: WallTime {
        Watch.current?.counts.wallReadings.add(1)
        let month = Int64(30 * 86_400) * 1_000_000
        let sign: Int64 = wallJumps.add(1).isMultiple(of: 2) ? 1 : -1
        return WallTime(microseconds: live.wallTime.microseconds + sign * month * Int64(wallJumps.value))
    }

    public func sleep(until deadline: Instant) async throws {
        Watch.current?.counts.sleeps.add(1)
        Step.take()
        // In small parts, so that a jump of the clock is noticed.
        while true {
            let left = shifted.duration(to: deadline)
            try await live.sleep(for: min(max(left, .zero), .milliseconds(5)))
            if left <= .milliseconds(5) { break }
        }
        Step.take()
    }

    public func randomBits() -> UInt64 {
        Step.take()
        return live.randomBits()
    }
}
