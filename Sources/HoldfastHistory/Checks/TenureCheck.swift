/// Mutual exclusion in time: no two holders may believe in their leases of one lock at once.
///
/// A tenure lasts from the return of its acquisition until its release begins, or until its last renewal's validity
/// ends. The guarantee assumes bounded clock drift; and who looks at his lease just before he is paused does not look
/// again. So tenures that overlap need not be a violation: where the assumption is broken on purpose they are counted.
///
/// Who is killed while he releases may have done so unseen: a tenure without a seen end, of a client that was killed,
/// is counted and not judged.
///
/// One sorted sweep a lock. Complexity: O(n log n) for n acquisitions, renewals and releases.
public enum TenureCheck {
    public static let guarantee = "tenures do not overlap"

    /// - Parameter isPromised: False: overlaps are counted, and no violation.
    public static func judge(_ history: History, isPromised: Bool = true) -> Judgement {
        var judgement = Judgement(guarantee)
        let all = tenures(in: history)
        let deaths = deaths(in: history)
        let tenures = all.mapValues { $0.filter { !isUnclear($0, deaths) } }
        var overlaps = 0
        for (lock, tenures) in tenures.sorted(by: { $0.key < $1.key }) {
            var latest: Tenure?
            for tenure in tenures.sorted(by: { $0.from < $1.from }) {
                if let earlier = latest, tenure.from < earlier.to {
                    overlaps += 1
                    if isPromised {
                        let violation = Violation(
                            "\(lock): the tenures with tokens \(earlier.token) and \(tenure.token) overlap",
                            [earlier.acquisition, tenure.acquisition], in: history)
                        judgement.accuse(violation)
                    }
                }
                if latest.map({ $0.to < tenure.to }) ?? true { latest = tenure }
            }
        }
        let count = tenures.values.reduce(0) { $0 + $1.count }
        judgement.count("tenures", count)
        if count == 0 { judgement.doubt("no tenure is there to be judged") }
        judgement.count("overlaps", overlaps)
        let unclear = all.values.joined().count { isUnclear($0, deaths) }
        judgement.count("tenures of killed holders, not judged", unclear)
        return judgement
    }

    private struct Tenure {
        var acquisition: HistoryOperation
        var token: Int64
        var from: Int64
        var to: Int64
        var hasSeenEnd = false
    }

    /// When clients were killed, by name: each is killed once.
    private static func deaths(in history: History) -> [String: Int64] {
        var deaths: [String: Int64] = [:]
        for fault in history.faults where fault.kind == "kill" { deaths[fault.target] = fault.began }
        return deaths
    }

    private static func isUnclear(_ tenure: Tenure, _ deaths: [String: Int64]) -> Bool {
        guard !tenure.hasSeenEnd, let client = tenure.acquisition.client, let death = deaths[client] else {
            return false
        }
        return death >= tenure.from
    }

    private struct Name: Hashable {
        var lock: String
        var token: Int64
    }

    private static func tenures(in history: History) -> [String: [Tenure]] {
        var tenures: [Name: [Tenure]] = [:]
        for operation in history.operations where operation.outcome == .ok || operation.f == HistoryFunction.release {
            guard let token = operation.value[1].number else { continue }
            let name = Name(lock: operation.key, token: token)
            if operation.f == HistoryFunction.acquire {
                guard let from = operation.completed, let until = operation.until else { continue }
                let tenure = Tenure(acquisition: operation, token: token, from: from, to: until)
                tenures[name, default: []].append(tenure)
            } else if var last = tenures[name]?.popLast() {
                switch operation.f {
                case HistoryFunction.renew: last.to = max(last.to, operation.until ?? last.to)
                case HistoryFunction.release:
                    last.to = min(last.to, operation.invoked)
                    last.hasSeenEnd = true
                default: break
                }
                tenures[name]?.append(last)
            }
        }
        return Dictionary(grouping: tenures.values.joined(), by: \.acquisition.key)
    }
}
