import HoldfastRuntime

/// Judges a connection's silence, as a value: it looks at the last sign of life instead of arming a timer for each
/// command.
///
/// While an answer is due, silence of `commandTimeout` means death. While none is due, silence of
/// `idleCheckInterval` calls for a question, and the answer to it is due from then on. That holds for pub/sub too,
/// whose answers come as pushes: any byte is a sign of life.
struct Watchdog {
    enum Verdict: Equatable {
        /// Look again after this.
        case lookAgain(after: Duration)
        /// Send a PING, and look again after this.
        case ask(lookAgainAfter: Duration)
        /// Nothing came for this long although an answer was due.
        case dead(silentFor: Duration)
    }

    private let commandTimeout: Duration
    private let idleCheckInterval: Duration
    private var lastSign: Instant
    private var hasAsked = false
    /// Extra patience while a command waits at the server on purpose.
    var grace: Duration = .zero

    init(commandTimeout: Duration, idleCheckInterval: Duration, now: Instant) {
        self.commandTimeout = max(.milliseconds(1), commandTimeout)
        self.idleCheckInterval = max(.milliseconds(1), idleCheckInterval)
        lastSign = now
    }

    /// Bytes arrived.
    mutating func heard(at now: Instant) {
        lastSign = now
        hasAsked = false
    }

    /// An answer became due; before, none was.
    mutating func expects(at now: Instant) { lastSign = now }

    mutating func look(at now: Instant, answerDue: Bool) -> Verdict {
        let silence = lastSign.duration(to: now)
        let tick = max(.milliseconds(1), min(commandTimeout, idleCheckInterval) / 4)
        if answerDue || hasAsked {
            let limit = commandTimeout + grace
            if silence >= limit { return .dead(silentFor: limit) }
            return .lookAgain(after: max(.milliseconds(1), min(tick, limit - silence)))
        }
        if silence < idleCheckInterval {
            return .lookAgain(after: max(.milliseconds(1), min(tick, idleCheckInterval - silence)))
        }
        hasAsked = true
        lastSign = now
        return .ask(lookAgainAfter: tick)
    }
}
