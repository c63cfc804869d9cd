import HoldfastRuntime

/// Life after the harm: once the last fault is healed, every lock that somebody asks for is granted within a bound;
/// and everybody who asks is answered in time, with a grant or a refusal, whatever happens.
///
/// Complexity: O(n log n) for n acquisitions.
public enum LivenessCheck {
    public static let guarantee = "locks are granted after the last fault"

    /// - Parameter limit: From the healing, or from the first request after it, until a grant; and for an answer, on
    ///   top of the time that was to be waited.
    public static func judge(_ history: History, within limit: Duration) -> Judgement {
        var judgement = Judgement(guarantee)
        checkGrants(history, limit, &judgement)
        checkAnswers(history, limit, &judgement)
        return judgement
    }

    private static func checkGrants(_ history: History, _ limit: Duration, _ judgement: inout Judgement) {
        let healed = history.faults.map { max($0.began, $0.ended ?? $0.began) }.max() ?? 0
        // An acquisition is told when it has ended, a search when it begins: who waits for ever is seen by that.
        let requests = history.operations(HistoryFunction.acquire) + history.operations(HistoryFunction.seek)
        let byLock = Dictionary(grouping: requests.filter { !isDead($0, in: history) }, by: \.key)
        var asked = 0
        var longest: Int64 = 0
        for (lock, requests) in byLock.sorted(by: { $0.key < $1.key }) {
            // Who waited already when it healed asks from then on.
            let waiting = requests.filter { ($0.completed ?? .max) > healed }
            guard let first = waiting.map({ max($0.invoked, healed) }).min() else {
                judgement.doubt("nobody asked for \(lock) after the last fault")
                continue
            }
            asked += 1
            let deadline = first + limit.nanoseconds
            let grant = waiting.filter { $0.outcome == .ok }.compactMap(\.completed).min()
            if let grant, grant <= deadline {
                longest = max(longest, grant - first)
            } else if history.end >= deadline {
                judgement.accuse(
                    Violation(
                        "\(lock) was not granted to anybody within \(limit.milliseconds) ms after the last fault",
                        Array(waiting.prefix(5)), in: history))
            } else {
                judgement.doubt("the run ended before \(lock) was granted or had to be")
            }
        }
        judgement.count("locks asked for after the last fault", asked)
        judgement.count("longest wait in ms", Int(longest / 1_000_000))
        if asked == 0 { judgement.doubt("nobody asked for a lock after the last fault") }
    }

    /// A single waiter may be forgotten while others get the lock again and again.
    private static func checkAnswers(_ history: History, _ limit: Duration, _ judgement: inout Judgement) {
        var late = 0
        for request in history.operations(HistoryFunction.seek) where !isDead(request, in: history) {
            let deadline = request.invoked + (request.asked[1].number ?? 0) * 1_000_000 + limit.nanoseconds
            if (request.completed ?? history.end) >= deadline {
                late += 1
                judgement.accuse(
                    Violation(
                        "\(request.client ?? "a client") asked for \(request.key) and was neither granted nor refused"
                            + " it in time", [request], in: history))
            } else if request.completed == nil {
                judgement.doubt("the run ended before \(request.key) was granted to somebody or refused")
            }
        }
        judgement.count("requests without an answer in time", late)
    }

    /// Whether whoever asked was killed before he was answered.
    private static func isDead(_ request: HistoryOperation, in history: History) -> Bool {
        request.completed == nil
            && history.faults.contains { fault in
                fault.kind == "kill" && fault.target == request.client && fault.began >= request.invoked
            }
    }
}
