import Foundation
import HoldfastRedis
import HoldfastRuntime

@testable import HoldfastJobs

/// Every key of a database with all that it holds, for two of them to be compared that came about at nearly one time.
struct Keyspace {
    private struct Entry {
        var words: [String]
        var ttl: Double
    }

    private let entries: [String: Entry]

    /// What lies less than so many seconds apart is one time.
    private static let tolerance = 20.0

    var names: [String] { entries.keys.sorted() }

    static func read(_ client: RedisClient) async throws -> Keyspace {
        var entries: [String: Entry] = [:]
        for name in (try await client.send(RedisCommand("KEYS", "*")).array ?? []).compactMap(\.text) {
            let key = RedisArgument(name)
            let type = try await client.send(RedisCommand("TYPE", key)).text ?? ""
            let ttl = try await client.send(RedisCommand("TTL", key)).integer ?? 0
            let command =
                switch type {
                case "list": RedisCommand("LRANGE", key, 0, -1)
                case "set": RedisCommand("SMEMBERS", key)
                case "zset": RedisCommand("ZRANGE", key, 0, -1, "WITHSCORES")
                case "hash": RedisCommand("HGETALL", key)
                case "stream": RedisCommand("XRANGE", key, "-", "+")
                default: RedisCommand("GET", key)
                }
            let words = words(try await client.send(command), type)
            entries[name] = Entry(words: [type] + words, ttl: Double(ttl))
        }
        return Keyspace(entries: entries)
    }

    /// What the two do not have in common.
    func differences(from other: Keyspace) -> [String] {
        Set(names + other.names).sorted().compactMap { name in
            guard let one = entries[name] else { return "\(name) is missing here" }
            guard let two = other.entries[name] else { return "\(name) is missing there" }
            let isSame =
                one.words.count == two.words.count && zip(one.words, two.words).allSatisfy(Self.isOne)
                && (one.ttl < 0) == (two.ttl < 0) && abs(one.ttl - two.ttl) < Self.tolerance
            return isSame ? nil : "\(name): \(one) and \(two)"
        }
    }

    private static func words(_ reply: RedisReply, _ type: String) -> [String] {
        let parts = reply.array ?? [reply]
        switch type {
        case "set": return parts.map { $0.text ?? "" }.sorted()
        case "hash", "zset":
            let pairs = stride(from: 0, to: parts.count - 1, by: 2).map { [$0, $0 + 1].map { parts[$0].text ?? "" } }
            return pairs.sorted { $0[0] < $1[0] }.flatMap { $0 }
        case "stream": return parts.flatMap { ($0.array?.last?.array ?? []).map { $0.text ?? "" } }
        default: return parts.map { $0.text ?? "" }
        }
    }

    private static func isOne(_ one: String, _ two: String) -> Bool {
        if one == two { return true }
        guard let one = time(one), let two = time(two) else { return false }
        return abs(one - two) < tolerance
    }

    /// Unix seconds: of a field, of a score.
    private static func time(_ word: String) -> Double? {
        if let time = RQTime.parse(word) { return Double(time.microseconds) / 1e6 }
        return Double(word).flatMap { $0 > 1e9 ? $0 : nil }
    }
}
