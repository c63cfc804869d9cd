import HoldfastRuntime

/// Judges the tokens of a history: each issued once, and growing in real time.
public struct TokenCheck: Sendable, Hashable {
    public var issued = 0
    /// `lock: token`, issued to two owners.
    public var duplicates: [String] = []
    /// `lock: token after token`: asked for after the other was returned, and yet not larger.
    public var outOfOrder: [String] = []

    public var isClean: Bool { duplicates.isEmpty && outOfOrder.isEmpty }

    public init(_ events: [HistoryEvent]) {
        var byLock: [String: [Tenure]] = [:]
        for event in events {
            guard case .acquired(let lock, let token, let owner, let asked) = event.kind else { continue }
            byLock[lock, default: []].append(Tenure(token: token, owner: owner, asked: asked, returned: event.time))
            issued += 1
        }
        for (lock, tenures) in byLock.sorted(by: { $0.key < $1.key }) {
            checkUniqueness(lock, tenures)
            checkOrder(lock, tenures)
        }
    }

    private struct Tenure {
        var token: Int64
        var owner: String
        var asked: WallTime
        var returned: WallTime
    }

    private mutating func checkUniqueness(_ lock: String, _ tenures: [Tenure]) {
        var owners: [Int64: Set<String>] = [:]
        for tenure in tenures { owners[tenure.token, default: []].insert(tenure.owner) }
        for (token, owners) in owners.sorted(by: { $0.key < $1.key }) where owners.count > 1 {
            duplicates.append("\(lock): \(token)")
        }
    }

    /// One sweep over askings and returns in order of time: who asks later than a return must get more.
    private mutating func checkOrder(_ lock: String, _ tenures: [Tenure]) {
        let returns = tenures.sorted { $0.returned < $1.returned }
        var next = 0
        var largest: Int64 = 0
        for tenure in tenures.sorted(by: { $0.asked < $1.asked }) {
            while next < returns.count, returns[next].returned < tenure.asked {
                largest = max(largest, returns[next].token)
                next += 1
            }
            if tenure.token <= largest { outOfOrder.append("\(lock): \(tenure.token) after \(largest)") }
        }
    }
}
