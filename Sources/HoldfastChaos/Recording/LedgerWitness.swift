import HoldfastHistory
import HoldfastLocks
import HoldfastResources
import HoldfastRuntime

/// The ledger's own account of a run, for the history.
struct LedgerWitness: Sendable {
    let ledger: Ledger
    let history: HistoryWriter
    let runtime: any Runtime

    func opened(with accounts: [String: Int64]) { note(accounts, HistoryFunction.opening) }

    /// Copies journal, refusals and balances into the history.
    func testify() async throws(ResourceError) {
        for entry in try await ledger.journal() {
            let time = StoreTime.instant(of: entry.id, runtime)
            let transfer = entry.transfer
            history.note(
                .witness, HistoryFunction.journal,
                [
                    .text(entry.key), .text(transfer.from), .text(transfer.to), .number(transfer.amount),
                    .number(entry.fromToken.rawValue), .number(entry.toToken.rawValue), .number(entry.fromBalance),
                    .number(entry.toBalance),
                ], at: time)
            for (account, token) in [(transfer.from, entry.fromToken), (transfer.to, entry.toToken)] {
                history.note(
                    .witness, HistoryFunction.accepted, [.text(ledger.lockName(account)), .number(token.rawValue)],
                    at: time)
            }
        }
        for refusal in try await ledger.refusals() {
            history.note(
                .witness, HistoryFunction.refused,
                [
                    .text(ledger.lockName(refusal.account)), .number(refusal.token.rawValue),
                    .number(refusal.fence.rawValue),
                ])
        }
        note(try await ledger.balances(), HistoryFunction.balance)
    }

    private func note(_ credits: [String: Int64], _ f: String) {
        for (account, balance) in credits.sorted(by: { $0.key < $1.key }) {
            history.note(.witness, f, [.text(account), .number(balance)])
        }
    }
}
