import HoldfastRedis
import HoldfastRuntime
import Synchronization
import Testing

@testable import HoldfastLocks

/// One timer for any number of limits, and each limit still holds.
@Suite struct RoundDeadlinesTests {
    private let hand = Hand()
    private let deadlines: RoundDeadlines

    init() { deadlines = RoundDeadlines(strand: hand, runtime: hand) }

    /// Strikes its own limit out, as a round does.
    private final class Limited: Expiring {
        let expired = Tally()
        let place = Mutex<Int?>(nil)
        let deadlines: RoundDeadlines

        init(_ deadlines: RoundDeadlines, after delay: Duration) {
            self.deadlines = deadlines
            let place = deadlines.add(self, after: delay)
            self.place.withLock { $0 = place }
        }

        func decided() {
            if let place = place.withLock({ $0.take() }) { deadlines.strike(place) }
        }

        func timeIsUp(at place: Int) {
            expired.add(1)
            decided()
        }
    }

    @Test func manyLimitsShareATimer() {
        let all = (0..<100).map { _ in Limited(deadlines, after: .milliseconds(500)) }
        #expect(hand.timers == 1 && deadlines.count == 100)
        for limited in all.dropLast() { limited.decided() }
        hand.advance(by: .milliseconds(499))
        #expect(all[99].expired.value == 0)
        hand.advance(by: .milliseconds(1))
        #expect(all.map(\.expired.value) == Array(repeating: 0, count: 99) + [1])
        #expect(deadlines.count == 0 && hand.timers == 1)
    }

    @Test func aLaterLimitIsStillSeen() {
        let first = Limited(deadlines, after: .milliseconds(500))
        hand.advance(by: .milliseconds(300))
        let second = Limited(deadlines, after: .milliseconds(500))
        #expect(hand.timers == 1)
        hand.advance(by: .milliseconds(200))
        #expect(first.expired.value == 1 && second.expired.value == 0)
        hand.advance(by: .milliseconds(300))
        #expect(second.expired.value == 1 && hand.timers == 2)
    }

    /// Told twice: late, and over.
    private final class Patient: Expiring {
        let told = Tally()
        let deadlines: RoundDeadlines

        init(_ deadlines: RoundDeadlines) { self.deadlines = deadlines }

        func timeIsUp(at place: Int) {
            told.add(1)
            if told.value == 1 {
                deadlines.postpone(self, at: place, by: .milliseconds(40))
            } else {
                deadlines.strike(place)
            }
        }
    }

    @Test func whatIsPostponedIsToldAgain() {
        let patient = Patient(deadlines)
        _ = deadlines.add(patient, after: .milliseconds(10))
        hand.advance(by: .milliseconds(10))
        #expect(patient.told.value == 1 && deadlines.count == 1)
        hand.advance(by: .milliseconds(39))
        #expect(patient.told.value == 1)
        hand.advance(by: .milliseconds(1))
        #expect(patient.told.value == 2 && deadlines.count == 0)
    }

    @Test func aPlaceThatIsAnothersByNowIsNotPostponed() {
        let patient = Patient(deadlines)
        let place = deadlines.add(patient, after: .milliseconds(10))
        deadlines.strike(place)
        let other = Limited(deadlines, after: .milliseconds(20))
        deadlines.postpone(patient, at: place, by: .milliseconds(500))
        hand.advance(by: .milliseconds(20))
        #expect(other.expired.value == 1 && patient.told.value == 0)
    }

    @Test func anEarlierLimitOvertakesTheTimer() {
        let late = Limited(deadlines, after: .milliseconds(500))
        let early = Limited(deadlines, after: .milliseconds(10))
        hand.advance(by: .milliseconds(10))
        #expect(early.expired.value == 1 && late.expired.value == 0)
        hand.advance(by: .milliseconds(490))
        #expect(late.expired.value == 1)
        // The overtaken timer must not have started a second row of timers.
        #expect(hand.timers == 3)
        _ = Limited(deadlines, after: .milliseconds(5))
        hand.advance(by: .milliseconds(5))
        #expect(hand.timers == 4 && deadlines.count == 0)
    }

    @Test func placesAreUsedAgain() {
        for _ in 0..<1000 { Limited(deadlines, after: .seconds(1)).decided() }
        let limited = Limited(deadlines, after: .seconds(1))
        #expect(limited.place.withLock { $0 } == 0 && hand.timers == 1)
    }
}

/// A clock that is moved by hand, and the strand whose timers follow it.
private final class Hand: Strand, Runtime {
    private struct State {
        var now = Instant(nanoseconds: 0)
        var pending: [(at: Instant, work: @Sendable () -> Void)] = []
        var timers = 0
    }

    private struct Timer: StrandTimer {
        func cancel() {}
    }

    private let state = Mutex(State())

    /// How many timers were ever set.
    var timers: Int { state.withLock { $0.timers } }

    func advance(by span: Duration) {
        state.withLock { $0.now = $0.now.advanced(by: span) }
        while let work = due() { work() }
    }

    private func due() -> (@Sendable () -> Void)? {
        state.withLock { state in
            guard let place = state.pending.firstIndex(where: { $0.at <= state.now }) else { return nil }
            return state.pending.remove(at: place).work
        }
    }

    func schedule(after delay: Duration, _ work: @escaping @Sendable () -> Void) -> any StrandTimer {
        state.withLock { state in
            state.timers += 1
            state.pending.append((state.now.advanced(by: delay), work))
        }
        return Timer()
    }

    func execute(_ work: @escaping @Sendable () -> Void) { work() }
    var isCurrent: Bool { true }
    var executor: any TaskExecutor { preconditionFailure("nothing runs a task here") }

    var now: Instant { state.withLock { $0.now } }
    var wallTime: WallTime { WallTime(microseconds: 0) }
    func sleep(until deadline: Instant) async throws { preconditionFailure("nothing sleeps here") }
    func randomBits() -> UInt64 { 4 }
}
