import HoldfastRedis
import HoldfastRuntime

/// Two passes over all nodes: which names are there, and then what each node keeps of all these names.
struct HeldLockReader: Sendable {
    /// Keys to look through in a step of SCAN, and names to look at in a step of the script.
    private static let step = 500

    let clients: [RedisClient]
    let keys: LockKeys

    /// - Parameter limit: Most names to read.
    func read(limit: Int) async -> HeldLocks {
        let found = await onAll { client throws(RedisError) in try await findNames(client, limit) }
        let union = Set(found.flatMap { (try? $0.get().names) ?? [] })
        var held = await look(at: Array(union.sorted().prefix(limit)))
        for (node, found) in found.enumerated() {
            held.nodes[node].failure = Self.failure(found) ?? held.nodes[node].failure
        }
        held.isComplete = union.count <= limit && !found.contains { (try? $0.get().isComplete) == false }
        return held
    }

    /// The second pass alone.
    func look(at names: [LockName]) async -> HeldLocks {
        let looks = await onAll { client throws(RedisError) in try await look(client, names) }
        var holdings: [LockName: [Owner: [HeldLock.Holding]]] = [:]
        for (node, look) in looks.enumerated() {
            guard let sightings = try? look.get() else { continue }
            for sighting in sightings {
                let owner = Owner(value: sighting.owner, mode: sighting.mode)
                holdings[sighting.name, default: [:]][owner, default: []].append(
                    .init(node: node, counter: sighting.counter, remaining: sighting.remaining))
            }
        }
        let majority = Quorum(nodes: clients.count).majority
        let locks = names.flatMap { name in
            (holdings[name] ?? [:]).sorted { $0.key.value < $1.key.value }.map {
                HeldLock(
                    name: name, owner: $0.key.value, mode: $0.key.mode, holdings: $0.value, majority: majority)
            }
        }
        return HeldLocks(
            locks: locks, nodes: zip(clients, looks).map { .init(server: $0.server, failure: Self.failure($1)) },
            isComplete: true)
    }

    private func findNames(
        _ client: RedisClient, _ limit: Int
    ) async throws(RedisError) -> (names: Set<LockName>, isComplete: Bool) {
        let prefix = keys.ownerPrefix
        let pattern = prefix.reduce(into: "") { $0 += "*?[]\\".contains($1) ? "\\\($1)" : "\($1)" } + "*"
        var names: Set<LockName> = []
        var cursor = "0"
        repeat {
            let scan = RedisCommand(
                "SCAN", RedisArgument(cursor), "MATCH", RedisArgument(pattern), "COUNT", RedisArgument(Self.step))
            guard let reply = try await client.send(scan.idempotent).array, reply.count == 2,
                let next = reply[0].text, let keys = reply[1].array
            else { throw RedisError(.unexpectedReply, .answered, "not SCAN's reply", server: client.server) }
            for key in keys {
                // What cannot be a name was not written by a lock.
                guard let bytes = key.bytes,
                    let text = String(validating: bytes.dropFirst(prefix.utf8.count), as: UTF8.self),
                    let name = try? LockName(text)
                else { continue }
                names.insert(name)
            }
            cursor = next
        } while cursor != "0" && names.count <= limit
        return (names, cursor == "0")
    }

    private struct Owner: Hashable {
        var value: String
        var mode: LockMode
    }

    private struct Sighting: Sendable {
        var name: LockName
        var owner: String
        var mode: LockMode
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
                guard let fields = entry.array, fields.count == 5, let place = fields[0].integer,
                    let owner = fields[1].text, let left = fields[2].integer
                else { throw RedisError(.unexpectedReply, .answered, "not the script's reply", server: client.server) }
                sightings.append(
                    Sighting(
                        name: page[start + Int(place - 1) / 2], owner: owner,
                        mode: fields[4].integer == 1 ? .shared : .exclusive,
                        counter: fields[3].integer.map { FencingToken(rawValue: $0) },
                        remaining: left >= 0 ? .milliseconds(left) : nil))
            }
        }
        return sightings
    }

    private func onAll<Value: Sendable>(
        _ body: @escaping @Sendable (RedisClient) async throws(RedisError) -> Value
    ) async -> [Result<Value, RedisError>] {
        await withTaskGroup(of: (Int, Result<Value, RedisError>).self) { group in
            for (index, client) in clients.enumerated() {
                group.addTask {
                    do throws(RedisError) {
                        return (index, .success(try await body(client)))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            var results: [Int: Result<Value, RedisError>] = [:]
            for await (index, result) in group { results[index] = result }
            return clients.indices.compactMap { results[$0] }
        }
    }

    private static func failure<Value>(_ result: Result<Value, RedisError>) -> RedisError? {
        if case .failure(let error) = result { error } else { nil }
    }
}
