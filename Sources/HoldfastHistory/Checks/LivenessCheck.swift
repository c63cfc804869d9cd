import HoldfastRuntime

/// Life after the harm: once the last fault is healed, every lock that somebody asks for is granted within a bound.
///
/// Complexity: O(n log n) for n acquisitions.
public enum LivenessCheck {
    public static let guarantee = "locks are granted after the last fault"

    /// - Parameter limit: From the healing, or from the first request after it, until a grant.
    public static func judge(_ history: History, within limit: Duration) -> Judgement {
        var judgement = Judgement(guarantee)
        let healed = history.faults.map { max($0.began, $0.ended ?? $0.began) }.max() ?? 0
        let alive = history.operations(HistoryFunction.acquire).filter { !isDead($0, in: history) }
        let byLock = Dictionary(grouping: alive, by: \.key)
        var asked = 0
        var longest: Int64 = 0
        for (lock, acquisitions) in byLock.sorted(by: { $0.key < $1.key }) {
            // Who waited already when it healed asks from then on.
            let waiting = acquisitions.filter { ($0.completed ?? .max) > healed }
            guard let first = waiting.map({ max($0.invoked, healed) }).min() else { continue }
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
        return judgement
    }

    /// Whether whoever asked was killed before he was answered.
    private static func isDead(_ acquisition: HistoryOperation, in history: History) -> Bool {
        acquisition.completed == nil
            && history.faults.contains { fault in
                fault.kind == "kill" && fault.target == acquisition.client && fault.began >= acquisition.invoked
            }
    }
}
