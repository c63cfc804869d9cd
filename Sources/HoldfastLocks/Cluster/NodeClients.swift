import HoldfastRedis
import HoldfastRuntime

/// Plain connections to all listed nodes, for an operator's calls: they must work where no majority votes.
struct NodeClients: Sendable {
    /// In the order of the configuration.
    let all: [RedisClient]

    init(all: [RedisClient]) { self.all = all }

    init(
        _ nodes: [RedisConfiguration], scripts: [RedisScript] = [], transport: any ByteTransport,
        runtime: any Runtime
    ) {
        all = nodes.map { RedisClient($0, scripts: scripts, transport: transport, runtime: runtime) }
    }

    /// Asks all nodes at the same time; the outcomes are in the order of the configuration.
    func onAll<Value: Sendable>(
        _ body: @escaping @Sendable (Int, RedisClient) async throws(RedisError) -> Value
    ) async -> [Result<Value, RedisError>] {
        await withTaskGroup(of: (Int, Result<Value, RedisError>).self) { group in
            for (index, client) in all.enumerated() {
                group.addTask {
                    do throws(RedisError) {
                        return (index, .success(try await body(index, client)))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            var results: [Int: Result<Value, RedisError>] = [:]
            for await (index, result) in group { results[index] = result }
            return all.indices.compactMap { results[$0] }
        }
    }

    func close() async { for client in all { await client.close(grace: .zero) } }
}
