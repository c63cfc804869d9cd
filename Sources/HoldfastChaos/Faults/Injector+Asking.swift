import HoldfastCluster
import HoldfastRedis

/// What a server says about itself, on a connection of our own that no fault is put before.
extension Injector {
    /// Nil when it does not answer, or with an error.
    func ask(_ node: ClusterMember, _ command: RedisCommand) async -> RedisReply? {
        guard let configuration = try? RedisConfiguration(url: node.url) else { return nil }
        let client = RedisClient(configuration, runtime: runtime)
        let reply = try? await client.send(command.idempotent)
        await client.close()
        return reply
    }

    /// The fields of a section of INFO; empty when it does not answer.
    func info(_ section: RedisArgument, of node: ClusterMember) async -> [String: String] {
        ServerInfo.fields(of: await ask(node, RedisCommand("INFO", section))?.text ?? "")
    }

    /// A write, for what a server notices by one only: clients may leave it alone just now.
    func probe(_ node: ClusterMember) async {
        _ = await ask(node, RedisCommand("SET", "holdfast:chaos:probe", 1, "PX", 1000))
    }

    /// Changes settings of a server that runs; false when it does not take one of them.
    func configure(_ node: ClusterMember, _ settings: [(name: RedisArgument, value: RedisArgument)]) async -> Bool {
        for setting in settings {
            let reply = await ask(node, RedisCommand("CONFIG", "SET", setting.name, setting.value))
            guard reply?.text == "OK" else { return false }
        }
        return true
    }
}
