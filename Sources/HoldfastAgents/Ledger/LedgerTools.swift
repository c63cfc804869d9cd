public import HoldfastLocks
public import HoldfastResources

/// What an agent may do with a ledger: look at accounts, and move credits. The example of a fenced tool.
public struct LedgerTools: Sendable {
    private let ledger: Ledger
    private let locks: LockCluster
    private let who: String
    private let ttl: Duration
    private let wait: LockWait

    /// - Parameters:
    ///   - who: Goes into the ledger's journal.
    ///   - ttl: Of the locks that a transfer takes.
    ///   - wait: For how long a transfer tries for each lock.
    public init(
        _ ledger: Ledger, locks: LockCluster, who: String, ttl: Duration = .seconds(10),
        wait: LockWait = .upTo(.seconds(30))
    ) {
        self.ledger = ledger
        self.locks = locks
        self.who = who
        self.ttl = ttl
        self.wait = wait
    }

    public var all: [any Tool] {
        [AccountsTool(ledger: ledger), BalanceTool(ledger: ledger), transfer]
    }

    private var transfer: TransferTool {
        TransferTool(ledger: ledger, locks: locks, who: who, ttl: ttl, wait: wait)
    }
}

private struct AccountsTool: Tool {
    struct Arguments: Decodable, Sendable {}

    let ledger: Ledger
    let name = "accounts"
    let description = "Lists all accounts with their balances, in credits."
    let parameters = JSONSchema.object()
    let effect = ToolEffect.pure

    func call(_ arguments: Arguments, context: ToolContext) async throws -> JSONValue {
        .object(try await ledger.balances().mapValues { .integer($0) })
    }
}

private struct BalanceTool: Tool {
    struct Arguments: Decodable, Sendable { var account: String }

    let ledger: Ledger
    let name = "balance"
    let description = "Tells the balance of one account, in credits."
    let parameters = JSONSchema.object([.required("account", .string(description: "The account's name"))])
    let effect = ToolEffect.pure

    func call(_ arguments: Arguments, context: ToolContext) async throws -> JSONValue {
        guard let balance = try await ledger.balances()[arguments.account] else {
            throw ToolError.refused("there is no account \(arguments.account)")
        }
        return ["account": .string(arguments.account), "balance": .integer(balance)]
    }
}

/// Moves credits under the locks of both accounts, once per position in the run.
private struct TransferTool: Tool {
    struct Arguments: Decodable, Sendable {
        var from: String
        var to: String
        var amount: Int64
    }

    let ledger: Ledger
    let locks: LockCluster
    let who: String
    let ttl: Duration
    let wait: LockWait
    let name = "transfer"
    let description = "Moves credits from one account to another."
    let parameters = JSONSchema.object([
        .required("from", .string(description: "The account that pays")),
        .required("to", .string(description: "The account that receives")),
        .required("amount", .integer(1...1_000_000_000_000, description: "Whole credits")),
    ])
    var effect: ToolEffect { .fenced(resources: ["ledger/\(ledger.name)"]) }

    func call(_ arguments: Arguments, context: ToolContext) async throws -> JSONValue {
        let transfer = Transfer(from: arguments.from, to: arguments.to, amount: arguments.amount)
        do {
            let receipt = try await ledger.transfer(
                transfer, key: IdempotencyKey(context.idempotencyKey), under: locks, who: who, ttl: ttl, wait: wait)
            return ["journal": .string(receipt.journalID), "repeated": .bool(receipt.isReplay)]
        } catch let error as ResourceError {
            switch error {
            case .invalid, .refused, .keyReused: throw ToolError.refused(error.description)
            // The holder was too late; under a new lease the same key finds out whether the transfer stands.
            case .stale, .unavailable: throw ToolError.outcomeUnknown(error.description)
            }
        } catch let error as LockError {
            // An account's name that no lock can have.
            if case .invalid(let sentence) = error { throw ToolError.refused(sentence) }
            throw ToolError.outcomeUnknown(error.description)
        }
    }
}
