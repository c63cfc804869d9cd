import HoldfastLocks
import HoldfastRedis

/// An entry of a Redis stream.
struct StreamEntry {
    let id: String
    let fields: [String: String]

    init?(_ reply: RedisReply) {
        guard let parts = reply.array, parts.count == 2, let id = parts[0].text, let flat = parts[1].array else {
            return nil
        }
        self.id = id
        var fields: [String: String] = [:]
        for index in stride(from: 0, to: flat.count - 1, by: 2) {
            if let name = flat[index].text { fields[name] = flat[index + 1].text }
        }
        self.fields = fields
    }

    func number(_ name: String) -> Int64? { fields[name].flatMap { Int64($0) } }
    func token(_ name: String) -> FencingToken? { number(name).map { FencingToken(rawValue: $0) } }
}

extension JournalEntry {
    init?(_ entry: StreamEntry) {
        guard let key = entry.fields["key"], let who = entry.fields["who"], let amount = entry.number("amount"),
            let from = entry.fields["from"], let fromToken = entry.token("from_token"),
            let fromBalance = entry.number("from_balance"), let to = entry.fields["to"],
            let toToken = entry.token("to_token"), let toBalance = entry.number("to_balance")
        else { return nil }
        self.init(
            id: entry.id, key: key, who: who, transfer: Transfer(from: from, to: to, amount: amount),
            fromToken: fromToken, toToken: toToken, fromBalance: fromBalance, toBalance: toBalance)
    }
}

extension RefusedAttempt {
    init?(_ entry: StreamEntry) {
        guard let step = entry.fields["step"], let who = entry.fields["who"], let account = entry.fields["account"],
            let token = entry.token("token"), let fence = entry.token("fence")
        else { return nil }
        self.init(step: step, who: who, account: account, token: token, fence: fence)
    }
}
