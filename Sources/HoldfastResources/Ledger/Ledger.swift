import HoldfastLocks
public import HoldfastRedis

/// Accounts with credits in one Redis database, guarded by fences; every transfer is one atomic, idempotent step with
/// a journal entry.
///
/// The holder reads balances, decides, and writes what they shall be: the read-modify-write of any shared state. The
/// ledger trusts it exactly as far as its tokens reach.
public struct Ledger: Sendable {
    public let name: String
    private let client: RedisClient
    private let scripts: LedgerScripts

    public init(_ name: String = "main", on client: RedisClient) {
        self.init(name, on: client, scripts: .fenced)
    }

    package init(_ name: String, on client: RedisClient, unfenced: Bool) {
        self.init(name, on: client, scripts: unfenced ? .unfenced : .fenced)
    }

    private init(_ name: String, on client: RedisClient, scripts: LedgerScripts) {
        self.name = name
        self.client = client
        self.scripts = scripts
    }

    /// Opens the accounts with their first credits.
    /// - Parameter accounts: At most 1000, and fewer than 2^53 credits in all.
    /// - Returns: False when the ledger exists: it is left as it is.
    public func create(_ accounts: [String: Int64]) async throws(ResourceError) -> Bool {
        guard !accounts.isEmpty, accounts.count <= 1000, accounts.values.allSatisfy({ $0 >= 0 }) else {
            throw .invalid("a ledger starts with 1 to 1000 accounts of no negative credit")
        }
        // Lua computes with doubles; transfers never make the sum larger, so no balance ever passes what they hold.
        let limit: Int64 = 1 << 53 - 1
        let total = accounts.values.reduce(0) { min($0, limit + 1) + min($1, limit + 1) }
        guard total <= limit else { throw .invalid("a ledger holds at most \(limit) credits in all") }
        let pairs = accounts.sorted { $0.key < $1.key }.flatMap { [RedisArgument($0.key), RedisArgument($0.value)] }
        return try await client.step(LedgerScripts.create, [key("balances")], pairs).integer == 1
    }

    /// What a holder finds when it opens its accounts.
    public enum Opening: Sendable, Hashable {
        /// What the two accounts have.
        case balances(from: Int64, to: Int64)
        /// The transfer had been written by an earlier attempt.
        case done(TransferReceipt)
    }

    /// Raises the accounts' fences to the holder's tokens and reads their balances.
    /// - Parameters:
    ///   - from: The account that is going to pay.
    ///   - to: The account that is going to receive.
    ///   - key: Of the transfer that is going to be written.
    /// - Throws: ``ResourceError/stale(resource:token:fence:)`` when a later holder has been at one of them,
    ///   ``ResourceError/keyReused(key:)`` when `key` was used for another transfer.
    public func open(
        from: FencedAccount, to: FencedAccount, amount: Int64, for key: IdempotencyKey, who: String
    ) async throws(ResourceError) -> Opening {
        let pairs = [from, to].flatMap { [RedisArgument($0.account), RedisArgument($0.token.rawValue)] }
        let reply = try await client.step(
            scripts.open, [self.key("balances"), self.key("fences"), self.key("refused"), self.key("once")],
            [RedisArgument(who), RedisArgument(key.text), RedisArgument(amount)] + pairs)
        guard let fields = reply.array, let code = fields.first?.integer else { throw client.unexpected(reply) }
        switch code {
        case 1:
            guard fields.count == 3, let first = fields[1].integer, let second = fields[2].integer else {
                throw client.unexpected(reply)
            }
            return .balances(from: first, to: second)
        case 0: throw stale(fields, [from, to])
        case 2: throw .refused("there is no account \(fields.last?.text ?? "")")
        case 3: return .done(TransferReceipt(journalID: fields.last?.text ?? "", isReplay: true))
        case 4: throw .keyReused(key: key.text)
        default: throw client.unexpected(reply)
        }
    }

    /// Writes a transfer with the balances that its holder computed.
    /// - Parameters:
    ///   - from: The account that pays, with its new balance.
    ///   - to: The account that receives, with its new balance.
    public func commit(
        amount: Int64, from: (account: FencedAccount, balance: Int64), to: (account: FencedAccount, balance: Int64),
        key idempotency: IdempotencyKey, who: String
    ) async throws(ResourceError) -> TransferReceipt {
        func arguments(_ side: (account: FencedAccount, balance: Int64)) -> [RedisArgument] {
            [
                RedisArgument(side.account.account), RedisArgument(side.account.token.rawValue),
                RedisArgument(side.balance),
            ]
        }
        let reply = try await client.step(
            scripts.commit, [key("balances"), key("fences"), key("once"), key("journal"), key("refused")],
            [RedisArgument(idempotency.text), RedisArgument(who), RedisArgument(amount)]
                + arguments(from) + arguments(to))
        guard let fields = reply.array, let code = fields.first?.integer else { throw client.unexpected(reply) }
        switch code {
        case 1, 2: return TransferReceipt(journalID: fields[1].text ?? "", isReplay: code == 2)
        case 0: throw stale(fields, [from.account, to.account])
        case 3: throw .keyReused(key: idempotency.text)
        case 4: throw .refused("there is no account \(fields.last?.text ?? "")")
        default: throw client.unexpected(reply)
        }
    }

    // MARK: - Reading, without a fence: for people and audits

    /// All balances, by account.
    public func balances() async throws(ResourceError) -> [String: Int64] {
        let fields = try await send(RedisCommand("HGETALL", key("balances")).idempotent).array ?? []
        var balances: [String: Int64] = [:]
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            if let account = fields[index].text, let credits = fields[index + 1].integer { balances[account] = credits }
        }
        return balances
    }

    /// The whole journal, oldest first.
    public func journal() async throws(ResourceError) -> [JournalEntry] {
        try await entries("journal").compactMap(JournalEntry.init)
    }

    /// How many entries the journal has.
    public func journalLength() async throws(ResourceError) -> Int {
        Int(clamping: try await send(RedisCommand("XLEN", key("journal")).idempotent).integer ?? 0)
    }

    /// The stale attempts that were refused, oldest first.
    public func refusals() async throws(ResourceError) -> [RefusedAttempt] {
        try await entries("refused").compactMap(RefusedAttempt.init)
    }

    private func entries(_ part: String) async throws(ResourceError) -> [StreamEntry] {
        var all: [StreamEntry] = []
        var after = "-"
        while true {
            let command = RedisCommand("XRANGE", key(part), RedisArgument(after), "+", "COUNT", 1000)
            let page = (try await send(command.idempotent).array ?? []).compactMap(StreamEntry.init)
            all += page
            guard page.count == 1000, let last = page.last else { return all }
            after = "(\(last.id)"
        }
    }

    // MARK: -

    private func key(_ part: String) -> RedisArgument { "holdfast:ledger:\(name):\(part)" }

    private func send(_ command: RedisCommand) async throws(ResourceError) -> RedisReply {
        do throws(RedisError) { return try await client.send(command) } catch { throw .unavailable(StoreError(error)) }
    }

    private func stale(_ fields: [RedisReply], _ accounts: [FencedAccount]) -> ResourceError {
        let account = fields.count > 1 ? fields[1].text ?? "" : ""
        let token = accounts.first { $0.account == account }?.token ?? FencingToken(rawValue: 0)
        return .stale(
            resource: account, token: token, fence: FencingToken(rawValue: fields.last?.integer ?? 0))
    }
}
