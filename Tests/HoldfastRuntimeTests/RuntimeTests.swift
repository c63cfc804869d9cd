import HoldfastRuntime
import Testing

@Suite struct RuntimeTests {
    @Test func instantsMeasureSpansBothWays() {
        let start = Instant(nanoseconds: 5)
        #expect(start.advanced(by: .milliseconds(2)).nanoseconds == 2_000_005)
        #expect(start.duration(to: Instant(nanoseconds: 1)) == .nanoseconds(-4))
    }

    @Test func hugeDurationsAreClampedInsteadOfTrapping() {
        #expect(Duration.seconds(Int64.max).nanoseconds == .max)
        #expect(Duration.seconds(Int64.min).nanoseconds == .min)
    }

    @Test func randomHexHasTheAskedLengthAndAlphabet() {
        let text = LiveRuntime().randomHex(bytes: 16)
        #expect(text.count == 32)
        #expect(text.allSatisfy { $0.isHexDigit && !$0.isUppercase })
        #expect(text != LiveRuntime().randomHex(bytes: 16))
    }

    @Test func jitterStaysWithinItsLimit() {
        let runtime = LiveRuntime()
        for _ in 0..<1000 {
            let span = runtime.jitter(upTo: .milliseconds(3))
            #expect(span >= .zero && span <= .milliseconds(3))
        }
    }

    @Test func sleepEndsAtCancellation() async throws {
        let task = Task { try await LiveRuntime().sleep(for: .seconds(3600)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
