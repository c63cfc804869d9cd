import HoldfastRedis

/// Everything below one prefix of a database, as it stands while nobody works on it.
struct Snapshot {
    /// One key, read according to its type.
    struct Entry {
        let type: String
        /// Until it expires; nil when it does not.
        let ttl: Duration?
        /// The elements of a list, a set or a sorted set, in their order.
        var members: [String] = []
        /// Of a sorted set.
        var scores: [String: Double] = [:]
        /// Of a hash.
        var fields: [String: String] = [:]
        /// The entries of a stream.
        var length = 0
    }

    let entries: [String: Entry]
    /// The server's, in Unix seconds, before anything was read.
    let time: Double

    /// Keys that are read in one round trip.
    private static let chunk = 200

    static func read(_ client: RedisClient, prefix: String = "rq") async throws -> Snapshot {
        let clock = (try await client.send(RedisCommand("TIME")).array ?? []).compactMap {
            $0.text.flatMap(Double.init)
        }
        let names = (try await client.send(RedisCommand("KEYS", RedisArgument("\(prefix):*"))).array ?? [])
            .compactMap(\.text).sorted()
        var entries: [String: Entry] = [:]
        for start in stride(from: 0, to: names.count, by: chunk) {
            let part = names[start..<min(start + chunk, names.count)]
            let heads = try await client.pipeline(
                part.flatMap { [RedisCommand("TYPE", RedisArgument($0)), RedisCommand("PTTL", RedisArgument($0))] })
            var present: [(name: String, type: String, ttl: Duration?)] = []
            for (index, name) in part.enumerated() {
                let type = try heads[index * 2].get().text ?? "none"
                let left = try heads[index * 2 + 1].get().integer ?? -2
                // What expired since it was listed is as good as never seen.
                if type != "none", left != -2 {
                    present.append((name, type, left < 0 ? nil : .milliseconds(left)))
                }
            }
            let contents = try await client.pipeline(present.map { command($0.type, RedisArgument($0.name)) })
            for (key, content) in zip(present, contents) {
                entries[key.name] = entry(key.type, key.ttl, try content.get())
            }
        }
        return Snapshot(entries: entries, time: (clock.first ?? 0) + (clock.last ?? 0) / 1e6)
    }

    private static func command(_ type: String, _ key: RedisArgument) -> RedisCommand {
        switch type {
        case "list": RedisCommand("LRANGE", key, 0, -1)
        case "set": RedisCommand("SMEMBERS", key)
        case "zset": RedisCommand("ZRANGE", key, 0, -1, "WITHSCORES")
        case "hash": RedisCommand("HGETALL", key)
        case "stream": RedisCommand("XLEN", key)
        default: RedisCommand("EXISTS", key)
        }
    }

    private static func entry(_ type: String, _ ttl: Duration?, _ content: RedisReply) -> Entry {
        var entry = Entry(type: type, ttl: ttl)
        let parts = (content.array ?? []).map { $0.text ?? "" }
        switch type {
        case "list", "set": entry.members = parts
        case "zset", "hash":
            for index in stride(from: 0, to: parts.count - 1, by: 2) {
                entry.members.append(parts[index])
                if type == "hash" {
                    entry.fields[parts[index]] = parts[index + 1]
                } else {
                    entry.scores[parts[index]] = Double(parts[index + 1])
                }
            }
        default: entry.length = Int(content.integer ?? 0)
        }
        return entry
    }
}

extension Snapshot {
    subscript(key: String) -> Entry? { entries[key] }

    func field(_ key: String, _ name: String) -> String? { entries[key]?.fields[name] }

    /// The names behind a prefix, with their entries: `rest(of: "rq:wip:")` gives the queues that have one.
    func all(_ family: KeyFamily) -> [(name: String, entry: Entry)] {
        entries.compactMap { key, entry in
            KeyFamily(key: key) == family ? (family.name(in: key), entry) : nil
        }.sorted { $0.name < $1.name }
    }
}
