import HoldfastRedis

/// The ledger's atomic steps. Its keys: `balances` (hash: account → credits), `fences` (hash: account → token),
/// `once` (hash: idempotency key → transfer and journal id), `journal` (stream, append only, the truth for audits) and
/// `refused` (stream of stale attempts).
struct LedgerScripts: Sendable {
    let open: RedisScript
    let commit: RedisScript

    /// With fences, as everybody uses it.
    static let fenced = LedgerScripts(enforcingFences: true)

    private init(enforcingFences: Bool) {
        open = Self.makeOpen(enforcingFences: enforcingFences)
        commit = Self.makeCommit(enforcingFences: enforcingFences)
    }

    /// Without them: only to show what they prevent. Not reachable from outside this package.
    package static let unfenced = LedgerScripts(enforcingFences: false)

    var all: [RedisScript] { [Self.create, open, commit] }

    /// Opens accounts with their first credits.
    ///
    /// KEYS: balances.
    /// ARGV: pairs of account and credits.
    /// Returns: 1 created; 0 the ledger exists, and is left as it is.
    /// Atomic: nobody sees a ledger with some of its accounts.
    static let create = RedisScript(
        name: "ledger.create",
        """
        if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
        redis.call('HSET', KEYS[1], unpack(ARGV))
        return 1
        """)

    /// A new holder raises the fences of its two accounts and reads their balances.
    ///
    /// KEYS: balances, fences, refused, once.
    /// ARGV: who asks, the idempotency key of what it is going to write, the amount, from, its token, to, its token.
    /// Returns: {1, balance, balance}; {0, account, fence} a token is stale; {2, account} there is no such account;
    /// {3, journal id} that key's transfer was written before, and there is nothing to do; {4, ''} the key was used for
    /// another transfer.
    /// Atomic: after it no write with a lower token can reach any of these accounts, and the balances are as of that.
    private static func makeOpen(enforcingFences: Bool) -> RedisScript {
        RedisScript(
            name: "ledger.open",
            """
            local enforce = \(enforcingFences)
            local first = redis.call('HGET', KEYS[4], ARGV[2])
            if first then
                local separator = string.find(first, ' ', 1, true)
                local request = cjson.encode({ARGV[4], ARGV[6], ARGV[3]})
                if string.sub(first, separator + 1) ~= request then return {4, ''} end
                return {3, string.sub(first, 1, separator - 1)}
            end
            local balances = {1}
            for i = 4, 6, 2 do
                local balance = redis.call('HGET', KEYS[1], ARGV[i])
                if not balance then return {2, ARGV[i]} end
                table.insert(balances, tonumber(balance))
                local fence = tonumber(redis.call('HGET', KEYS[2], ARGV[i]) or 0)
                if enforce and tonumber(ARGV[i + 1]) < fence then
                    redis.call('XADD', KEYS[3], '*', 'step', 'open', 'who', ARGV[1], 'account', ARGV[i],
                        'token', ARGV[i + 1], 'fence', fence)
                    return {0, ARGV[i], fence}
                end
            end
            for i = 4, 6, 2 do
                local fence = tonumber(redis.call('HGET', KEYS[2], ARGV[i]) or 0)
                if tonumber(ARGV[i + 1]) > fence then redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
            end
            return balances
            """)
    }

    /// Writes both balances of a transfer, as its holder computed them from what it read, and the journal entry.
    ///
    /// KEYS: balances, fences, once, journal, refused.
    /// ARGV: key, who, amount, from, its token, its new balance, to, its token, its new balance.
    /// Returns: {1, journal id}; {2, journal id} it had been written; {0, account, fence} a token is stale;
    /// {3, ''} the key was used for another transfer; {4, account} there is no such account.
    /// Atomic: both balances, the journal entry and the key's record appear together or not at all.
    private static func makeCommit(enforcingFences: Bool) -> RedisScript {
        RedisScript(
            name: "ledger.commit",
            """
            local enforce = \(enforcingFences)
            local request = cjson.encode({ARGV[4], ARGV[7], ARGV[3]})
            local first = redis.call('HGET', KEYS[3], ARGV[1])
            if first then
                local separator = string.find(first, ' ', 1, true)
                if string.sub(first, separator + 1) ~= request then return {3, ''} end
                return {2, string.sub(first, 1, separator - 1)}
            end
            for i = 4, 7, 3 do
                if not redis.call('HGET', KEYS[1], ARGV[i]) then return {4, ARGV[i]} end
                local fence = tonumber(redis.call('HGET', KEYS[2], ARGV[i]) or 0)
                if enforce and tonumber(ARGV[i + 1]) < fence then
                    redis.call('XADD', KEYS[5], '*', 'step', 'commit', 'who', ARGV[2], 'account', ARGV[i],
                        'token', ARGV[i + 1], 'fence', fence)
                    return {0, ARGV[i], fence}
                end
            end
            -- First of the writes, as the only one whose key was not read before: Redis does not undo what a script
            -- wrote before it failed.
            local id = redis.call('XADD', KEYS[4], '*', 'key', ARGV[1], 'who', ARGV[2], 'amount', ARGV[3],
                'from', ARGV[4], 'from_token', ARGV[5], 'from_balance', ARGV[6],
                'to', ARGV[7], 'to_token', ARGV[8], 'to_balance', ARGV[9])
            for i = 4, 7, 3 do
                local fence = tonumber(redis.call('HGET', KEYS[2], ARGV[i]) or 0)
                if tonumber(ARGV[i + 1]) > fence then redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
                redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2])
            end
            redis.call('HSET', KEYS[3], ARGV[1], id .. ' ' .. request)
            return {1, id}
            """)
    }
}
