public import HoldfastRedis
public import HoldfastRuntime

extension LockCluster {
    /// Examines every listed node and the cluster that they make: whether locks work now, whether they are safe, and
    /// what to do where not. Changes nothing, and never fails because of a node: one that is down, that hangs or that
    /// is no Redis server is a finding.
    ///
    /// Looks at each node's settings, clock, record and keys (at most 200 000 of them, in small steps), for at most a
    /// minute.
    /// - Throws: ``LockError/invalid(_:)`` for an unusable configuration, ``LockError/cancelled(name:)``.
    public static func diagnose(
        _ configuration: LockClusterConfiguration, transport: any ByteTransport = NIOTransport(),
        runtime: any Runtime = LiveRuntime()
    ) async throws(LockError) -> Diagnosis {
        try configuration.validate()
        let keys = LockKeys(prefix: configuration.prefix)
        let modest = configuration.nodes.map { node in
            // Whatever listens there must not fill our memory. None of the answers is large.
            var modest = node
            modest.maximumReplyBytes = 4 << 20
            return modest
        }
        let clients = NodeClients(modest, transport: transport, runtime: runtime)
        let facts = await clients.onAll { index, client throws(RedisError) in
            await NodeExaminer(client: client, index: index, keys: keys, runtime: runtime)
                .examine(atMost: .seconds(60))
        }.compactMap { try? $0.get() }
        await clients.close()
        if Task.isCancelled { throw .cancelled(name: "the diagnosis") }
        return Diagnostician(facts: facts, configuration: configuration, keys: keys).diagnosis()
    }
}
