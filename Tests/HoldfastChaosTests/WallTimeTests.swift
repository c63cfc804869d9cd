import HoldfastRuntime
import Synchronization
import Testing

@testable import HoldfastChaos

@Suite struct WallTimeTests {
    /// A process that is stopped for two seconds before every look at a clock. Both clocks begin at 0.
    private final class HaltingRuntime: Runtime {
        private let elapsed = Mutex(Int64(100))

        private func next() -> Int64 {
            elapsed.withLock { seconds in
                seconds += 2
                return seconds
            }
        }

        var now: Instant { Instant(nanoseconds: next() * 1_000_000_000) }
        var wallTime: WallTime { WallTime(microseconds: next() * 1_000_000) }
        func sleep(until deadline: Instant) async throws {}
        func randomBits() -> UInt64 { 0 }
    }

    @Test func aPauseMakesAnAcquisitionSeemEarlierNeverLater() {
        let asked = DemoWorker.wallTime(of: Instant(nanoseconds: 90_000_000_000), HaltingRuntime())
        #expect(asked <= WallTime(microseconds: 90_000_000), "it would be said to have begun after others had returned")
    }
}
