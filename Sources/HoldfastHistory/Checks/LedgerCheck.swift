/// A ledger, by its own journal: every transfer that was asked for happened exactly once, money is conserved, balances
/// are what the journal adds up to, and each entry was written from its accounts' previous balances.
///
/// Nothing that a worker says about itself is believed. Sums wrap around: a damaged ledger is to be found wrong, not to
/// end the program. Complexity: O(n) for n transfers and entries.
public struct LedgerCheck {
    public static let guarantee = "the ledger conserves money and applies each transfer once"

    /// - Parameter isDrained: Whether all that was asked for had its time: what is missing is lost then.
    public static func judge(_ history: History, isDrained: Bool = true) -> Judgement {
        var check = LedgerCheck(history)
        for event in history.witnessed(HistoryFunction.journal) { check.replay(event) }
        return check.finish(isDrained: isDrained)
    }

    private let history: History
    private var judgement = Judgement(guarantee)
    private let initial: [String: Int64]
    private let balances: [String: Int64]
    /// What the journal's amounts add up to.
    private var expected: [String: Int64]
    /// Each account's newest entry.
    private var written: [String: (balance: Int64, event: HistoryEvent?)]
    private var entries: [String: HistoryEvent] = [:]
    private var (twice, broken) = (0, 0)

    private init(_ history: History) {
        self.history = history
        initial = Self.credits(history, HistoryFunction.opening)
        balances = Self.credits(history, HistoryFunction.balance)
        expected = initial
        written = initial.mapValues { ($0, nil) }
    }

    private static func credits(_ history: History, _ f: String) -> [String: Int64] {
        var credits: [String: Int64] = [:]
        for event in history.witnessed(f) {
            if let account = event.value[0].text, let number = event.value[1].number { credits[account] = number }
        }
        return credits
    }

    private mutating func replay(_ event: HistoryEvent) {
        let value = event.value
        guard let key = value[0].text, let from = value[1].text, let to = value[2].text, let amount = value[3].number,
            let fromBalance = value[6].number, let toBalance = value[7].number
        else {
            judgement.accuse(Violation("a journal entry cannot be read", witnesses: [event], in: history))
            return
        }
        if let first = entries[key] {
            twice += 1
            judgement.accuse(Violation("\(key) was applied twice", witnesses: [first, event], in: history))
        } else {
            entries[key] = event
        }
        expected[from, default: 0] &-= amount
        expected[to, default: 0] &+= amount
        for (account, change, balance) in [(from, 0 &- amount, fromBalance), (to, amount, toBalance)] {
            let before = written[account]
            if (before?.balance ?? 0) &+ change != balance {
                broken += 1
                let sentence =
                    "\(account) was set to \(balance) where \((before?.balance ?? 0) &+ change) was right:"
                    + " written from an outdated read"
                judgement.accuse(
                    Violation(sentence, witnesses: [before?.event, event].compactMap(\.self), in: history))
            }
            written[account] = (balance, event)
        }
    }

    private mutating func finish(isDrained: Bool) -> Judgement {
        let asked = history.operations(HistoryFunction.transfer).filter { $0.outcome != .fail }
        let keys = Set(asked.map(\.key))
        let missing = asked.filter { $0.outcome == .ok && entries[$0.key] == nil }
        let unexpected = entries.filter { !keys.contains($0.key) }.values.sorted { $0.index < $1.index }
        if isDrained {
            for operation in missing {
                judgement.accuse(Violation("\(operation.key) is lost", [operation], in: history))
            }
        } else if !missing.isEmpty {
            judgement.doubt("\(missing.count) transfers were not applied yet when the run ended")
        }
        for event in unexpected {
            judgement.accuse(Violation("\(event.value[0]) was never asked for", witnesses: [event], in: history))
        }
        let (before, after) = (initial.values.reduce(0, &+), balances.values.reduce(0, &+))
        let closing = history.witnessed(HistoryFunction.balance)
        let wrong = Set(expected.keys).union(balances.keys).filter { expected[$0] != balances[$0] }.sorted()
        for account in wrong {
            let (has, should) = (balances[account] ?? 0, expected[account] ?? 0)
            judgement.accuse(
                Violation(
                    "\(account) has \(has) credits, its journal adds up to \(should)",
                    witnesses: closing.filter { $0.value[0].text == account }, in: history))
        }
        judgement.count("transfers asked", asked.count)
        judgement.count("transfers applied", keys.count { entries[$0] != nil })
        judgement.count("applied twice", twice)
        judgement.count("lost", isDrained ? missing.count : 0)
        judgement.count("never asked for", unexpected.count)
        judgement.count("money before", Int(before))
        judgement.count("money after", Int(after))
        judgement.count("accounts with a wrong balance", wrong.count)
        judgement.count("written from an outdated read", broken)
        if initial.isEmpty || balances.isEmpty { judgement.doubt("the ledger was not read before and after the run") }
        return judgement
    }
}
