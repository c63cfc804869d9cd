import HoldfastRuntime
import Testing

@testable import HoldfastAgents

@Suite struct RetryAfterTests {
    @Test func readsSecondsAndDates() {
        let now = WallTime(microseconds: 784_111_770_000_000)  // 1994-11-06 08:49:30
        #expect(RetryAfter.wait("120", now: now) == .seconds(120))
        #expect(RetryAfter.wait("0", now: now) == .zero)
        #expect(RetryAfter.wait("Sun, 06 Nov 1994 08:49:37 GMT", now: now) == .seconds(7))
        #expect(RetryAfter.wait("Sun, 06 Nov 1994 08:49:07 GMT", now: now) == .zero)
        #expect(RetryAfter.wait("Thu, 29 Feb 1996 00:00:00 GMT", now: now) == .seconds(825_552_000 - 784_111_770))
        #expect(RetryAfter.wait(String(repeating: "9", count: 40), now: now) == .seconds(Int64(Int32.max)))
    }

    @Test(arguments: [
        "", "-1", "1.5", "soon", "Sun, 06 Nov 1994 08:49:37", "Sun, 41 Nov 1994 08:49:37 GMT", "a b c d e f",
    ])
    func refusesTheRest(_ value: String) {
        #expect(RetryAfter.wait(value, now: WallTime(microseconds: 0)) == nil)
    }

    @Test func backOffDoublesUpToItsLongest() {
        let runtime = RecordingRuntime(skipping: .zero)
        let policy = RetryPolicy(base: .seconds(1), longest: .seconds(10))
        let pauses = [1, 2, 3, 4, 5, 1000].map { policy.pause(after: $0, runtime: runtime).milliseconds }
        #expect(pauses == [999, 1999, 3999, 7999, 9999, 9999])
        #expect(policy.pause(after: 3, runtime: RecordingRuntime(skipping: .zero, bits: 0)) == .zero)
    }
}
