import HoldfastRedis
import HoldfastRuntime
import Synchronization

/// What is told when its time is over.
protocol Expiring: AnyObject, Sendable {
    func timeIsUp(at place: RoundDeadlines.Place)
}

/// The time limits of a cluster's rounds, with one timer for all of them.
///
/// Nearly every round is decided long before its limit: noting the limit and striking it out must cost next to nothing.
/// A timer of its own for each round would cost more than the round's decisions.
final class RoundDeadlines: Sendable {
    /// A place in the list; taken again by others once it was struck out.
    typealias Place = Int

    private struct State {
        var limits: [(at: Instant, what: any Expiring)?] = []
        var free: [Place] = []
        /// When the timer fires; nil when there is none.
        var next: Instant?
        /// How many timers were set. Only the last one counts: an earlier limit overtakes it.
        var timers = 0
    }

    private let state = Mutex(State())
    private let strand: any Strand
    private let runtime: any Runtime

    init(strand: any Strand, runtime: any Runtime) {
        self.strand = strand
        self.runtime = runtime
    }

    /// How many limits are noted.
    var count: Int { state.withLock { $0.limits.count - $0.free.count } }

    /// Has `what` told on the strand once `delay` has passed, unless it is struck out before.
    func add(_ what: any Expiring, after delay: Duration) -> Place {
        let limit = runtime.now.advanced(by: delay)
        let (place, timer) = state.withLock { state -> (Place, Int?) in
            let place = state.free.popLast() ?? state.limits.count
            if place == state.limits.count { state.limits.append(nil) }
            state.limits[place] = (limit, what)
            return (place, Self.timer(for: limit, &state))
        }
        if let timer { look(after: delay, timer) }
        return place
    }

    /// Has what was told told again, `delay` from now. Nothing happens when it was struck out meanwhile.
    func postpone(_ what: any Expiring, at place: Place, by delay: Duration) {
        let limit = runtime.now.advanced(by: delay)
        let timer = state.withLock { state -> Int? in
            guard state.limits[place]?.what === what else { return nil }
            state.limits[place]?.at = limit
            return Self.timer(for: limit, &state)
        }
        if let timer { look(after: delay, timer) }
    }

    /// - Precondition: the place was given by ``add(_:after:)`` and is struck out once.
    func strike(_ place: Place) {
        // What it held may end here, and must not end under the lock.
        let struck = state.withLock { state in
            defer { state.free.append(place) }
            return state.limits[place].take()
        }
        precondition(struck != nil, "a round's limit is struck out once")
    }

    /// The timer to set for a limit. Nil where a look before it sees it too, and sets the next timer.
    private static func timer(for limit: Instant, _ state: inout State) -> Int? {
        if let next = state.next, next <= limit { return nil }
        return setTimer(limit, &state)
    }

    private static func setTimer(_ next: Instant, _ state: inout State) -> Int {
        state.next = next
        state.timers += 1
        return state.timers
    }

    private func look(after delay: Duration, _ timer: Int) {
        _ = strand.schedule(after: delay) { [weak self] in self?.look(timer) }
    }

    /// Tells what is late; each strikes its own limit out, or has it postponed.
    private func look(_ timer: Int) {
        let now = runtime.now
        let (late, next) = state.withLock { state -> ([(Place, any Expiring)], (at: Instant, timer: Int)?) in
            guard state.timers == timer else { return ([], nil) }
            state.next = nil
            var late: [(Place, any Expiring)] = []
            var next: Instant?
            for case let (place, (limit, what)?) in state.limits.enumerated() {
                if limit <= now {
                    late.append((place, what))
                } else {
                    next = min(next ?? limit, limit)
                }
            }
            return (late, next.map { ($0, Self.setTimer($0, &state)) })
        }
        for (place, what) in late { what.timeIsUp(at: place) }
        if let next { look(after: now.duration(to: next.at), next.timer) }
    }
}
