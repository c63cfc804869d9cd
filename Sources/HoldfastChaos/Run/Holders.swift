import HoldfastHistory
import HoldfastRuntime
import Synchronization

/// Who holds which lock, as the workers' histories tell while they are written.
final class Holders: Sendable {
    private struct State {
        var reader: HistoryReader
        /// By lock.
        var newest: [String: ChaosSnapshot.Holder] = [:]
        /// By worker: the tokens that it took and did not give back, by lock.
        var kept: [String: [String: Int64]] = [:]
        /// By lock: the largest token whose holder was done with it.
        var used: [String: Int64] = [:]
        /// By lock: when it was granted last.
        var granted: [String: Instant] = [:]
    }

    private let state: Mutex<State>

    init(directory: String) { state = Mutex(State(reader: HistoryReader(directory: directory))) }

    /// The newest holder of each lock that nobody has given back, by lock.
    func current() throws(HistoryError) -> [ChaosSnapshot.Holder] {
        try state.withLock { state throws(HistoryError) in
            try Self.update(&state)
            return state.newest.values.sorted { $0.lock < $1.lock }
        }
    }

    /// Whether every lock that was ever granted was granted again after `moment`; no, as long as none ever was.
    func areAllGranted(since moment: Instant) throws(HistoryError) -> Bool {
        try state.withLock { state throws(HistoryError) in
            try Self.update(&state)
            return !state.granted.isEmpty && state.granted.values.allSatisfy { $0 > moment }
        }
    }

    /// Whether somebody else has used and given back a lock that this worker holds, or believes to hold.
    func wasOvertaken(_ worker: String) -> Bool {
        state.withLock { state in
            guard (try? Self.update(&state)) != nil else { return false }
            return (state.kept[worker] ?? [:]).contains { lock, token in (state.used[lock] ?? 0) > token }
        }
    }

    private static func update(_ state: inout State) throws(HistoryError) {
        for event in try state.reader.next() {
            guard let worker = event.client, let lock = event.value[0].text, let token = event.value[1].number
            else { continue }
            if event.f == HistoryFunction.acquire, event.type == .ok {
                state.newest[lock] = ChaosSnapshot.Holder(lock: lock, worker: worker, token: token)
                state.kept[worker, default: [:]][lock] = token
                state.granted[lock] = Instant(nanoseconds: event.time)
            } else if event.f == HistoryFunction.release, event.type != .invoke {
                if state.newest[lock]?.token == token { state.newest[lock] = nil }
                state.kept[worker]?[lock] = nil
                if event.type == .ok { state.used[lock] = max(token, state.used[lock] ?? 0) }
            }
        }
    }
}
