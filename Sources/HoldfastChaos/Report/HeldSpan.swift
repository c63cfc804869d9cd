import HoldfastHistory

/// A time during which somebody held a lock, or believed to.
struct HeldSpan {
    enum Ending {
        case released
        /// Its holder was told that it had lost the lease.
        case lost
        /// Nobody saw it end: its holder was killed.
        case unseen
    }

    var lock: String
    var client: String
    var token: String
    var from: Int64
    var to: Int64
    var ending: Ending

    /// Of the whole history, in the order of the grants.
    static func all(in history: History) -> [HeldSpan] {
        var releases: [String: HistoryOperation] = [:]
        for release in history.operations(HistoryFunction.release) { releases[release.value.description] = release }
        return history.operations(HistoryFunction.acquire).filter { $0.outcome == .ok }.map { acquisition in
            let release = releases[acquisition.value.description]
            let until = release?.invoked ?? acquisition.until ?? history.end
            let ending: Ending =
                switch release?.outcome {
                case .fail: .lost
                case nil: .unseen
                default: .released
                }
            return HeldSpan(
                lock: acquisition.key, client: acquisition.client ?? "", token: acquisition.value[1].description,
                from: acquisition.completed ?? acquisition.invoked, to: min(until, history.end), ending: ending)
        }
    }
}
