import Synchronization

/// The moments at which something happens to an operation from outside, or by it: bytes leave or arrive, a timer starts
/// or fires, a clock is read, chance is drawn. Between two of them nothing can come in between that matters, so whoever
/// acts at the first, the second, the third … has acted everywhere.
public enum Step {
    private struct State {
        var taken = 0
        var wanted: Int?
        var action: (@Sendable () -> Void)?
    }

    private static let state = Mutex(State())

    /// Counts anew, and runs `action` once at the step of this number, counted from one.
    public static func at(_ number: Int, _ action: @escaping @Sendable () -> Void) {
        state.withLock { $0 = State(wanted: number, action: action) }
    }

    /// Ends the counting.
    /// - Returns: Whether the action ran.
    public static func stop() -> Bool {
        state.withLock { state in
            defer { state = State() }
            return state.wanted.map { state.taken >= $0 } ?? false
        }
    }

    static func take() {
        let action = state.withLock { state -> (@Sendable () -> Void)? in
            state.taken += 1
            guard state.taken == state.wanted else { return nil }
            return state.action
        }
        action?()
    }
}
