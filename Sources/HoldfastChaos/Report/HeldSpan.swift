import HoldfastHistory

/// A time during which somebody held a lock, or believed to.
struct HeldSpan {
    enum Ending {
        case released
        /// Nobody saw it end: its holder was killed.
        case unseen
    }

    var lock: String
    var client: String
    var token: String
    var from: Int64
    /// Until it was given back or the lease ended, whatever was first.
    var to: Int64
    /// Until when its holder believed in it.
    var believed: Int64
    var ending: Ending

    /// Of the whole history, in the order of the grants.
    static func all(in history: History) -> [HeldSpan] {
        var releases: [String: Int64] = [:]
        for release in history.operations(HistoryFunction.release) {
            releases[release.value.description] = release.invoked
        }
        var ends: [String: Int64] = [:]
        for renewal in history.operations(HistoryFunction.renew) {
            let name = renewal.value.description
            ends[name] = max(ends[name] ?? 0, renewal.until ?? 0)
        }
        return history.operations(HistoryFunction.acquire).filter { $0.outcome == .ok }.map { acquisition in
            let name = acquisition.value.description
            let leased = max(acquisition.until ?? history.end, ends[name] ?? 0)
            let from = acquisition.completed ?? acquisition.invoked
            let released = releases[name]
            return HeldSpan(
                lock: acquisition.key, client: acquisition.client ?? "", token: acquisition.value[1].description,
                from: from, to: max(from, min(released ?? leased, leased, history.end)),
                believed: min(released ?? leased, history.end), ending: released == nil ? .unseen : .released)
        }
    }
}
