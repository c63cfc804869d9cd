import HoldfastMeasurement
import HoldfastRuntime
import Synchronization
import Testing

@Suite struct ClosedLoopTests {
    @Test func percentilesAreThoseOfWhatWasRecorded() throws {
        var latencies = Latencies()
        #expect(latencies.percentile(50) == nil)
        for microseconds in 1...1000 { latencies.record(.microseconds(microseconds)) }
        var other = Latencies()
        other.record(.seconds(3600))
        latencies.add(other)
        #expect(latencies.count == 1001)
        let median = try #require(latencies.percentile(50))
        #expect((.microseconds(499) ... .microseconds(503)).contains(median))
        // Longer than the range: its end, with three digits.
        let longest = try #require(latencies.percentile(100))
        #expect((.seconds(59) ... .seconds(61)).contains(longest))
    }

    @Test func everyTurnIsCountedOnce() async throws {
        let turns = Atomic<Int>(0)
        let outcome = try await ClosedLoop(callers: 3, for: .milliseconds(20)).run(noting: 0) { _, turn, record in
            #expect(turn == record, "a caller's turns are numbered, and its record is its own")
            record += 1
            turns.add(1, ordering: .relaxed)
        }
        #expect(outcome.turns == turns.load(ordering: .relaxed))
        #expect(outcome.turns == outcome.latencies.count)
        #expect(outcome.records.count == 3 && outcome.records.reduce(0, +) == outcome.turns)
        #expect(outcome.elapsed >= .milliseconds(20))
    }

    @Test func anErrorEndsAllCallers() async throws {
        struct Broken: Error {}
        await #expect(throws: Broken.self) {
            _ = try await ClosedLoop(callers: 3, for: .seconds(3600)).run(noting: ()) { caller, _, _ in
                if caller == 1 { throw Broken() }
                // The others wait for something that only a cancellation ends.
                try await LiveRuntime().sleep(for: .seconds(3600))
            }
        }
    }
}
