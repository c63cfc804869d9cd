import HoldfastLocks

/// What a ledger's own journal says about a run, judged without trusting any worker.
public struct LedgerAudit: Sendable, Hashable {
    /// Idempotency keys that were asked for.
    public var asked = 0
    /// Of them: in the journal.
    public var applied = 0
    /// Keys with more than one journal entry.
    public var appliedTwice: [String] = []
    /// Asked for, and not in the journal.
    public var lost: [String] = []
    /// In the journal, and never asked for.
    public var unexpected: [String] = []
    public var moneyBefore: Int64 = 0
    public var moneyAfter: Int64 = 0
    /// Accounts whose balance is not what the journal's transfers add up to: an update was lost.
    public var wrongAccounts: [String] = []
    /// Journal entries with a lower token than an earlier entry of the same account: accepted from a stale holder.
    public var staleAccepted = 0
    /// Journal entries whose balances do not continue the account's previous ones: written from an outdated read.
    public var brokenSteps = 0
    /// Stale attempts that the ledger refused.
    public var staleRefused = 0

    /// Whether the ledger kept every guarantee.
    public var isClean: Bool {
        appliedTwice.isEmpty && lost.isEmpty && unexpected.isEmpty && moneyBefore == moneyAfter && wrongAccounts.isEmpty
            && staleAccepted == 0 && brokenSteps == 0
    }

    /// Replays the journal over the first balances, and compares. Numbers that overflow wrap around: a damaged ledger
    /// is to be found wrong, not to end the program.
    /// - Parameter asked: The idempotency keys that were to be applied.
    public init(
        initial: [String: Int64], asked: Set<String>, journal: [JournalEntry], balances: [String: Int64],
        refusals: [RefusedAttempt]
    ) {
        self.asked = asked.count
        moneyBefore = initial.values.reduce(0, &+)
        moneyAfter = balances.values.reduce(0, &+)
        staleRefused = refusals.count
        var entriesByKey: [String: Int] = [:]
        var expected = initial
        var written = initial
        var highest: [String: FencingToken] = [:]
        for entry in journal {
            entriesByKey[entry.key, default: 0] += 1
            expected[entry.transfer.from, default: 0] &-= entry.transfer.amount
            expected[entry.transfer.to, default: 0] &+= entry.transfer.amount
            for (account, token, balance, change) in entry.sides {
                if let seen = highest[account], token < seen { staleAccepted += 1 }
                highest[account] = max(token, highest[account] ?? token)
                if written[account, default: 0] &+ change != balance { brokenSteps += 1 }
                written[account] = balance
            }
        }
        applied = asked.count { entriesByKey[$0] != nil }
        appliedTwice = entriesByKey.filter { $0.value > 1 }.map(\.key).sorted()
        lost = asked.filter { entriesByKey[$0] == nil }.sorted()
        unexpected = entriesByKey.keys.filter { !asked.contains($0) }.sorted()
        wrongAccounts = Set(expected.keys).union(balances.keys).filter { expected[$0] != balances[$0] }.sorted()
    }
}

extension JournalEntry {
    fileprivate var sides: [(account: String, token: FencingToken, balance: Int64, change: Int64)] {
        [
            (transfer.from, fromToken, fromBalance, 0 &- transfer.amount),
            (transfer.to, toToken, toBalance, transfer.amount),
        ]
    }
}
