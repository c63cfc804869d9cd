public import HoldfastRuntime
import Synchronization

/// Civil time that a test sets; everything else is the machine's.
public final class SetClock: Runtime {
    private let live = LiveRuntime()
    private let seconds = Mutex<Int64>(1_000_000)

    public init() {}

    public var now: Instant { live.now }
    public var wallTime: WallTime { WallTime(microseconds: seconds.withLock { $0 } * 1_000_000) }
    public func sleep(until deadline: Instant) async throws { try await live.sleep(until: deadline) }
    public func randomBits() -> UInt64 { live.randomBits() }

    public func advance(seconds: Int64) { self.seconds.withLock { $0 += seconds } }
}
