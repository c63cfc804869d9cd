import HoldfastRedis

extension RedisClient {
    /// Whether the server syncs its append-only file before it answers a write, and its data are those that it wrote
    /// itself. Where CONFIG or INFO is forbidden: no.
    func syncsEveryWrite() async -> Bool {
        guard await setting("appendonly") == "yes", await setting("appendfsync") == "always" else { return false }
        // With `yes` a rewrite in the background suspends `always`.
        guard await setting("no-appendfsync-on-rewrite") == "no" else { return false }
        // A promoted replica has its former primary's record, and perhaps not its last writes.
        guard let text = try? await send(RedisCommand("INFO", "replication")).text else { return false }
        return text.contains("role:master") && text.contains("second_repl_offset:-1")
    }

    /// Why the server may forget counters or leases while it runs; nil when it may not, or keeps its settings secret.
    func evictionHazard() async -> String? {
        guard let limit = await setting("maxmemory"), limit != "0", let policy = await setting("maxmemory-policy"),
            policy != "noeviction"
        else { return nil }
        return "it evicts keys when its memory is full (\(policy)): set maxmemory-policy noeviction"
    }

    private func setting(_ name: RedisArgument) async -> String? {
        guard let reply = try? await send(RedisCommand("CONFIG", "GET", name)) else { return nil }
        return reply.array?.last?.text
    }
}
