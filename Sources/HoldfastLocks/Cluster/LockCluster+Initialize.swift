public import HoldfastRedis
public import HoldfastRuntime

extension LockCluster {
    /// Makes blank nodes a lock cluster: writes the descriptor to all of them, then lets all vote. Needs every node.
    ///
    /// Repeating it on an initialised cluster changes nothing. One that was interrupted can be repeated while the
    /// nodes have not been restarted since.
    /// - Parameter maximumTTL: No lease will be longer; a node that may have forgotten waits as long. At most a day.
    /// - Returns: The descriptor.
    /// - Throws: ``LockError/invalid(_:)`` when nodes belong to different clusters or were used before.
    public static func initialize(
        _ configuration: LockClusterConfiguration, maximumTTL: Duration = .seconds(60),
        transport: any ByteTransport = NIOTransport(), runtime: any Runtime = LiveRuntime()
    ) async throws(LockError) -> ClusterDescriptor {
        try configuration.validate()
        guard maximumTTL >= .milliseconds(10), maximumTTL <= .seconds(86_400) else {
            throw .invalid("a maximum TTL of \(maximumTTL) is not between 10 ms and a day")
        }
        // Nobody waits for a lock here: slow nodes get the time that a round would not give them.
        let clients = configuration.nodes.map { node in
            var patient = node
            patient.connectTimeout = max(node.connectTimeout, .seconds(10))
            patient.commandTimeout = max(node.commandTimeout, .seconds(10))
            return RedisClient(patient, scripts: LockScripts.all, transport: transport, runtime: runtime)
        }
        let outcome: Result<ClusterDescriptor, LockError>
        do throws(LockError) {
            let initializer = Initializer(
                clients: clients, keys: LockKeys(prefix: configuration.prefix), runtime: runtime)
            outcome = .success(try await initializer.run(maximumTTL))
        } catch {
            outcome = .failure(error)
        }
        for client in clients { await client.close(grace: .zero) }
        return try outcome.get()
    }
}

private struct Initializer {
    let clients: [RedisClient]
    let keys: LockKeys
    let runtime: any Runtime

    func run(_ maximumTTL: Duration) async throws(LockError) -> ClusterDescriptor {
        let infos = try await each { client throws(RedisError) in try await client.ready() }
        let records = try await each { client throws(RedisError) in
            NodeRecord(try await client.send(RedisCommand("HMGET", arguments: [keys.node] + NodeRecord.fields)))
                ?? NodeRecord()
        }
        guard Set(infos.map(\.runID)).count == clients.count else {
            throw .invalid("a server is listed twice, under two names: every node must be a server of its own")
        }
        for client in clients {
            if let hazard = await client.evictionHazard() { throw .invalid("\(client.server): \(hazard)") }
        }
        let known = Set(records.compactMap(\.descriptor))
        guard known.count <= 1 else {
            throw .invalid("the nodes belong to \(known.count) different lock clusters: \(list(known.map(\.id)))")
        }
        let cluster =
            known.first
            ?? ClusterDescriptor(id: runtime.randomHex(bytes: 16), nodes: clients.count, maximumTTL: maximumTTL)
        guard cluster.nodes == clients.count else {
            throw .invalid("the cluster was initialised with \(cluster.nodes) nodes, not \(clients.count)")
        }
        let used = records.indices.filter { records[$0].admitted != nil }
        if used.count == clients.count { return cluster }
        guard used.isEmpty else { return try await finish(cluster, infos, records) }
        for (index, client) in clients.enumerated() {
            let reply = try await ask(client, LockScripts.prepare, head(infos[index], cluster, index))
            guard reply == 1 else {
                throw .invalid(
                    "\(client.server) was prepared before a restart: remove its key \(keys.prefix)node first")
            }
        }
        for (index, client) in clients.enumerated() { try await admit(client, infos[index], cluster, index) }
        return cluster
    }

    /// Some vote, some do not: those that init prepared in this very incarnation may vote at once; the rest may have
    /// forgotten, and is admitted by the ordinary rule as soon as clients use the cluster.
    private func finish(
        _ cluster: ClusterDescriptor, _ infos: [ServerInfo], _ records: [NodeRecord]
    ) async throws(LockError) -> ClusterDescriptor {
        for (index, client) in clients.enumerated() where records[index].admitted == nil {
            if records[index].prepared == infos[index].runID {
                try await admit(client, infos[index], cluster, index)
            }
        }
        return cluster
    }

    private func head(_ info: ServerInfo, _ cluster: ClusterDescriptor, _ index: Int) -> [RedisArgument] {
        [
            RedisArgument(info.runID), RedisArgument(cluster.id), RedisArgument(cluster.nodes), RedisArgument(index),
            RedisArgument(cluster.maximumTTL.milliseconds),
        ]
    }

    private func admit(
        _ client: RedisClient, _ info: ServerInfo, _ cluster: ClusterDescriptor, _ index: Int
    ) async throws(LockError) {
        let durable = await client.syncsEveryWrite()
        let reply = try await ask(
            client, LockScripts.admit, head(info, cluster, index) + [0, durable ? 1 : 0, ""])
        guard reply == 1 else {
            throw .invalid("\(client.server) was restarted or flushed while it was initialised: try again")
        }
    }

    private func ask(
        _ client: RedisClient, _ script: RedisScript, _ arguments: [RedisArgument]
    ) async throws(LockError) -> Int64? {
        do throws(RedisError) {
            return try await client.run(script, keys: [keys.node], arguments: arguments).integer
        } catch {
            throw .invalid("cannot initialise: \(error)")
        }
    }

    private func each<Value>(
        _ body: (RedisClient) async throws(RedisError) -> Value
    ) async throws(LockError) -> [Value] {
        var values: [Value] = []
        for client in clients {
            do throws(RedisError) {
                values.append(try await body(client))
            } catch {
                throw .invalid("every node is needed to initialise a cluster: \(error)")
            }
        }
        return values
    }

    private func list(_ items: [String]) -> String { items.sorted().joined(separator: ", ") }
}
