public import HoldfastLocks

/// Credits that move from one account to another.
public struct Transfer: Sendable, Hashable, Codable {
    public var from: String
    public var to: String
    /// Whole credits, at least one.
    public var amount: Int64

    public init(from: String, to: String, amount: Int64) {
        self.from = from
        self.to = to
        self.amount = amount
    }

    /// - Throws: ``ResourceError/invalid(_:)``.
    func validate() throws(ResourceError) {
        guard amount > 0, amount < 1 << 50 else { throw .invalid("an amount is a whole number of at least 1 credit") }
        guard from != to else { throw .invalid("a transfer needs two different accounts") }
        for account in [from, to] {
            guard (1...128).contains(account.utf8.count) else {
                throw .invalid("an account's name has 1 to 128 bytes")
            }
        }
    }
}

/// An account under its holder's lock.
public struct FencedAccount: Sendable, Hashable {
    public var account: String
    public var token: FencingToken

    public init(_ account: String, _ token: FencingToken) {
        self.account = account
        self.token = token
    }
}

/// Proof of a transfer.
public struct TransferReceipt: Sendable, Hashable {
    /// The journal entry's id: milliseconds of the store's clock, a dash, a number.
    public var journalID: String
    /// Whether this call only repeated an earlier one.
    public var isReplay: Bool
}

/// One line of the ledger's journal.
public struct JournalEntry: Sendable, Hashable {
    public var id: String
    public var key: String
    /// Who wrote it, as it named itself.
    public var who: String
    public var transfer: Transfer
    public var fromToken: FencingToken
    public var toToken: FencingToken
    public var fromBalance: Int64
    public var toBalance: Int64
}

/// A stale attempt that the ledger refused.
public struct RefusedAttempt: Sendable, Hashable {
    /// `open` or `commit`.
    public var step: String
    public var who: String
    public var account: String
    public var token: FencingToken
    public var fence: FencingToken
}
