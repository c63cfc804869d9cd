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
        let clients = NodeClients(configuration.nodes, transport: transport, runtime: runtime)
        let reader = HeldLockReader(clients: clients, keys: LockKeys(prefix: configuration.prefix), limit: limit)
        let held = await reader.read()
        await clients.close()
        if Task.isCancelled { throw .cancelled(name: "the list of locks") }
        return held
    }
}

/// Two passes over all nodes: which names are there, and then what each node keeps of all these names.
private struct HeldLockReader: Sendable {
    /// Keys to look through in a step of SCAN, and names to look at in a step of the script.
    private static let step = 500

    let clients: NodeClients
    let keys: LockKeys
    let limit: Int

    func read() async -> HeldLocks {
        let found = await clients.onAll { _, client throws(RedisError) in try await findNames(client) }
        let union = Set(found.flatMap { (try? $0.get().names) ?? [] })
        let names = Array(union.sorted().prefix(limit))
        let looks = await clients.onAll { _, client throws(RedisError) in
            try await look(client, names)
        }

        var holdings: [LockName: [String: [HeldLock.Holding]]] = [:]
        for (node, look) in looks.enumerated() {
            guard let sightings = try? look.get() else { continue }
            for sighting in sightings {
                holdings[sighting.name, default: [:]][sighting.owner, default: []].append(
                    .init(node: node, counter: sighting.counter, remaining: sighting.remaining))
            }
        }
        let majority = Quorum(nodes: clients.all.count).majority
        let locks = names.flatMap { name in
            (holdings[name] ?? [:]).sorted { $0.key < $1.key }.map {
                HeldLock(name: name, owner: $0.key, holdings: $0.value, majority: majority)
            }
        }
        let failures = zip(found, looks).map { Self.failure($0) ?? Self.failure($1) }
        return HeldLocks(
            locks: locks, nodes: zip(clients.all, failures).map { .init(server: $0.server, failure: $1) },
            isComplete: union.count <= limit && !found.contains { (try? $0.get().isComplete) == false })
    }

    private func findNames(_ client: RedisClient) async throws(RedisError) -> (names: Set<LockName>, isComplete: Bool) {
        let prefix = keys.ownerPrefix
        let pattern = LockKeys.pattern(prefix)
        var names: Set<LockName> = []
        var cursor = "0"
        repeat {
            let scan = RedisCommand(
                "SCAN", RedisArgument(cursor), "MATCH", RedisArgument(pattern), "COUNT", RedisArgument(Self.step))
            guard let reply = try await client.send(scan.idempotent).array, reply.count == 2,
                let next = reply[0].text, let keys = reply[1].array
            else { throw RedisError(.unexpectedReply, .answered, "not SCAN's reply", server: client.server) }
            for key in keys {
                if let name = LockKeys.name(in: key, after: prefix) { names.insert(name) }
            }
            cursor = next
        } while cursor != "0" && names.count <= limit
        return (names, cursor == "0")
    }

    private struct Sighting: Sendable {
        var name: LockName
        var owner: String
        var counter: FencingToken?
        var remaining: Duration?
    }

    private func look(_ client: RedisClient, _ names: [LockName]) async throws(RedisError) -> [Sighting] {
        var sightings: [Sighting] = []
        for start in stride(from: 0, to: names.count, by: Self.step) {
            let page = names[start..<min(start + Self.step, names.count)]
            let reply = try await client.run(
                LockScripts.inspect, keys: page.flatMap { [keys.owner($0), keys.counter($0)] }, idempotent: true)
            for entry in reply.array ?? [] {
                guard let fields = entry.array, fields.count == 4, let place = fields[0].integer,
                    let owner = fields[1].text, let left = fields[2].integer
                else { throw RedisError(.unexpectedReply, .answered, "not the script's reply", server: client.server) }
                sightings.append(
                    Sighting(
                        name: page[start + Int(place - 1) / 2], owner: owner,
                        counter: fields[3].integer.map { FencingToken(rawValue: $0) },
                        remaining: left >= 0 ? .milliseconds(left) : nil))
            }
        }
        return sightings
    }

    private static func failure<Value>(_ result: Result<Value, RedisError>) -> RedisError? {
        if case .failure(let error) = result { error } else { nil }
    }
}
