/// Fencing tokens: each issued once, and growing in real time. Who asks for a lock after another's acquisition of it
/// returned gets a larger token.
///
/// One sorted sweep a lock. Complexity: O(n log n) for n acquisitions.
public enum TokenCheck {
    public static let guarantee = "tokens are unique and grow"

    public static func judge(_ history: History) -> Judgement {
        var judgement = Judgement(guarantee)
        var byLock: [String: [HistoryOperation]] = [:]
        for operation in history.operations(HistoryFunction.acquire)
        where operation.outcome == .ok && operation.value[1].number != nil {
            byLock[operation.key, default: []].append(operation)
        }
        judgement.count("issued", byLock.values.reduce(0) { $0 + $1.count })
        if byLock.isEmpty { judgement.doubt("no lock was granted") }
        var (duplicates, disorders) = (0, 0)
        for (_, acquisitions) in byLock.sorted(by: { $0.key < $1.key }) {
            duplicates += checkUniqueness(acquisitions, in: history, &judgement)
            disorders += checkOrder(acquisitions, in: history, &judgement)
        }
        judgement.count("issued twice", duplicates)
        judgement.count("out of order", disorders)
        return judgement
    }

    private static func token(_ acquisition: HistoryOperation) -> Int64 { acquisition.value[1].number ?? 0 }

    private static func checkUniqueness(
        _ acquisitions: [HistoryOperation], in history: History, _ judgement: inout Judgement
    ) -> Int {
        let sorted = acquisitions.sorted { (token($0), $0.index) < (token($1), $1.index) }
        var found = 0
        for (first, second) in zip(sorted, sorted.dropFirst()) where token(first) == token(second) {
            found += 1
            judgement.accuse(
                Violation("\(first.key): token \(token(first)) was issued twice", [first, second], in: history))
        }
        return found
    }

    private static func checkOrder(
        _ acquisitions: [HistoryOperation], in history: History, _ judgement: inout Judgement
    ) -> Int {
        let returns = acquisitions.sorted { ($0.completed ?? .max) < ($1.completed ?? .max) }
        var next = 0
        var largest: HistoryOperation?
        var found = 0
        for acquisition in acquisitions.sorted(by: { $0.invoked < $1.invoked }) {
            while next < returns.count, let returned = returns[next].completed, returned < acquisition.invoked {
                if largest.map({ token($0) < token(returns[next]) }) ?? true { largest = returns[next] }
                next += 1
            }
            // Equal ones are the other rule's.
            guard let earlier = largest, token(acquisition) < token(earlier) else { continue }
            found += 1
            judgement.accuse(
                Violation(
                    "\(acquisition.key): token \(token(acquisition)) was issued to who asked after \(token(earlier))"
                        + " had been returned", [earlier, acquisition], in: history))
        }
        return found
    }
}
