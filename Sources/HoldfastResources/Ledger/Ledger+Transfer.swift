public import HoldfastLocks
import HoldfastRuntime

extension Ledger {
    /// Where a process may be stopped by chaos: after the balances were read and before the new ones are written.
    public static let opened = "ledger.opened"
    /// After the transfer was written and before anybody was told.
    public static let committed = "ledger.committed"

    /// Moves credits under the locks of both accounts. Their names are taken in sorted order, so that two transfers
    /// never wait for each other in a circle.
    ///
    /// - Parameters:
    ///   - key: However often the transfer is asked for with it, it happens once.
    ///   - who: Goes into the journal.
    ///   - ttl: Of each lock; it is renewed while the transfer runs.
    ///   - wait: For how long to try for each lock.
    /// - Throws: ``ResourceError`` of the ledger, ``LockError`` of the locks.
    public func transfer(
        _ transfer: Transfer, key: IdempotencyKey, under locks: LockCluster, who: String,
        ttl: Duration = .seconds(10), wait: LockWait = .upTo(.seconds(30))
    ) async throws -> TransferReceipt {
        try transfer.validate()
        let names = [transfer.from, transfer.to].sorted()
        let first = try LockName(lockName(names[0]))
        let second = try LockName(lockName(names[1]))
        return try await locks.withLock(first, ttl: ttl, wait: wait) { outer in
            try await locks.withLock(second, ttl: ttl, wait: wait) { inner in
                let fromLease = names[0] == transfer.from ? outer : inner
                let toLease = names[0] == transfer.from ? inner : outer
                let from = FencedAccount(transfer.from, fromLease.token)
                let to = FencedAccount(transfer.to, toLease.token)
                let balances: (from: Int64, to: Int64)
                switch try await open(from: from, to: to, amount: transfer.amount, for: key, who: who) {
                case .done(let receipt): return receipt
                case .balances(let paying, let receiving): balances = (paying, receiving)
                }
                await locks.runtime.reach(Ledger.opened)
                guard balances.from >= transfer.amount else {
                    throw ResourceError.refused(
                        "\(transfer.from) has \(balances.from) credits, \(transfer.amount) were to be moved")
                }
                // A write that was decided is not abandoned: a caller cancelled half-way would not know what happened,
                // and whether it comes too late is for the fence to say.
                let receipt = try await locks.runtime.shielded {
                    try await commit(
                        amount: transfer.amount, from: (from, balances.from - transfer.amount),
                        to: (to, balances.to + transfer.amount), key: key, who: who)
                }
                await locks.runtime.reach(Ledger.committed)
                return receipt
            }
        }
    }

    /// The lock that guards an account of this ledger.
    public func lockName(_ account: String) -> String { "ledger/\(name)/\(account)" }
}
