import HoldfastRuntime
import Synchronization

/// A runtime without waiting: it records each sleep and moves its clock on at once. Sleeps longer than `skips` are
/// limits that a test does not want to reach: they last until they are cancelled.
final class RecordingRuntime: Runtime {
    private struct State {
        var now = Instant(nanoseconds: 1_000_000_000_000)
        var wall = WallTime(microseconds: 784_111_770_000_000)  // 1994-11-06 08:49:30
        var sleeps: [Duration] = []
        var bits: UInt64 = 0
    }

    private let skips: Duration
    private let state: Mutex<State>

    /// `bits`: what every random draw gives; the highest gives the longest jitter.
    init(skipping skips: Duration, bits: UInt64 = .max) {
        self.skips = skips
        var state = State()
        state.bits = bits
        self.state = Mutex(state)
    }

    var now: Instant { state.withLock { $0.now } }
    var wallTime: WallTime { state.withLock { $0.wall } }
    var sleeps: [Duration] { state.withLock { $0.sleeps } }

    func sleep(until deadline: Instant) async throws {
        let isSkipped = state.withLock { state in
            let span = state.now.duration(to: deadline)
            guard span <= skips else { return false }
            state.sleeps.append(span)
            state.now = max(state.now, deadline)
            return true
        }
        if isSkipped { return try Task.checkCancellation() }
        try await LiveRuntime().sleep(for: .seconds(3600))
    }

    func advance(by span: Duration) { state.withLock { $0.now = $0.now.advanced(by: span) } }

    func randomBits() -> UInt64 { state.withLock { $0.bits } }
}
