public import HoldfastRedis
public import HoldfastRuntime

extension LockCluster {
    /// Lists the locks that the nodes keep now, of any client. Changes nothing, and needs no majority: nodes that do
    /// not answer are reported. Scans the nodes' keys in small steps, so it takes long where there are millions.
    ///
    /// - Parameter limit: Most names to list, at least 1; with more, the first that were found.
    /// - Throws: ``LockError/invalid(_:)`` for an unusable configuration or limit, ``LockError/cancelled(name:)``.
    public static func held(
        _ configuration: LockClusterConfiguration, limit: Int = 10_000,
        transport: any ByteTransport = NIOTransport(), runtime: any Runtime = LiveRuntime()
    ) async throws(LockError) -> HeldLocks {
        try configuration.validate()
        guard limit > 0 else { throw .invalid("a list of at most \(limit) locks: ask for 1 or more") }
        let clients = configuration.nodes.map { RedisClient($0, transport: transport, runtime: runtime) }
        let reader = HeldLockReader(clients: clients, keys: LockKeys(prefix: configuration.prefix))
        let held = await reader.read(limit: limit)
        for client in clients { await client.close(grace: .zero) }
        if Task.isCancelled { throw .cancelled(name: "the list of locks") }
        return held
    }

    /// What the nodes keep now of one name, each owner's hold by itself. Changes nothing; waits for every node that is
    /// connected, for its command timeout at most.
    public func holders(of name: LockName) async -> HeldLocks {
        await HeldLockReader(clients: nodes.map(\.client), keys: keys).look(at: [name])
    }
}
