import HoldfastRedis
import HoldfastRuntime

/// Asks one node everything that a diagnosis needs. Only reads; whatever the peer answers, it ends soon, and what could
/// not be had is missing from the facts.
struct NodeExaminer: Sendable {
    private static let step = 500
    /// Half a second or so of the node's time, in steps of a millisecond.
    private static let mostSteps = 400
    /// A step that tells of more comes from no Redis server.
    private static let mostKeys: Int64 = 1 << 30

    let client: RedisClient
    let index: Int
    let keys: LockKeys
    let runtime: any Runtime

    /// - Parameter limit: What takes longer is given up.
    func examine(atMost limit: Duration) async -> NodeFacts {
        await withTaskGroup(of: NodeFacts?.self) { group in
            group.addTask { await examine() }
            group.addTask {
                // A cancelled sleep means that the other one is done.
                try? await runtime.sleep(for: limit)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            if let first { return first }
            var facts = NodeFacts(index: index, configuration: client.configuration)
            facts.failure = RedisError(
                .timedOut, .answered, "it answers too slowly: not examined within \(limit)", server: client.server)
            return facts
        }
    }

    private func examine() async -> NodeFacts {
        var facts = NodeFacts(index: index, configuration: client.configuration)
        let began = runtime.now
        do throws(RedisError) { facts.server = try await client.ready() } catch {
            facts.failure = error
            return facts
        }
        do throws(RedisError) {
            try await readClock(&facts)
            try await readInfo(&facts)
            try await readSettings(&facts)
            try await readRecord(&facts)
            facts.evictionHazard = await client.evictionHazard()
            facts.syncsEveryWrite = await client.syncsEveryWrite()
            try await tryScripts(&facts)
            if facts.scriptFailure == nil { try await count(&facts) }
            try await readClock(&facts)
        } catch {
            facts.interruption = error
        }
        // As of before anybody was asked, as the admission rule wants it.
        facts.server?.uptime -= began.duration(to: runtime.now)
        return facts
    }

    /// The answer, or nil when the server refuses; any other failure ends the examination.
    private func ask(_ name: String, _ arguments: RedisArgument...) async throws(RedisError) -> RedisReply? {
        do throws(RedisError) {
            return try await client.send(RedisCommand(name, arguments: arguments).idempotent)
        } catch  where error.code == .server {
            return nil
        }
    }

    private func readClock(_ facts: inout NodeFacts) async throws(RedisError) {
        var best: NodeFacts.Clock?
        for _ in 0..<3 {
            let sent = runtime.now
            let wall = runtime.wallTime
            let reply = try await ask("TIME")
            let took = sent.duration(to: runtime.now)
            facts.roundTrips.append(took)
            guard let parts = reply?.array, parts.count == 2, let seconds = parts[0].integer,
                let microseconds = parts[1].integer, (0...1 << 40).contains(seconds),
                (0..<1_000_000).contains(microseconds)
            else { continue }
            let ahead = Duration.microseconds(seconds * 1_000_000 + microseconds - wall.microseconds) - took / 2
            if best.map({ took / 2 < $0.uncertainty }) ?? true { best = .init(ahead: ahead, uncertainty: took / 2) }
        }
        if let best { facts.clocks.append(best) }
    }

    private func readInfo(_ facts: inout NodeFacts) async throws(RedisError) {
        for section in ["server", "memory", "persistence", "replication"] {
            guard let text = try await ask("INFO", RedisArgument(section))?.text else { continue }
            facts.info.merge(ServerInfo.fields(of: text)) { $1 }
            if section == "server", let fresh = ServerInfo(info: text) { facts.server = fresh }
        }
    }

    private func readSettings(_ facts: inout NodeFacts) async throws(RedisError) {
        var settings: [String: String] = [:]
        for name in [
            "appendonly", "appendfsync", "no-appendfsync-on-rewrite", "save", "maxmemory-policy", "protected-mode",
            "bind",
        ] {
            guard let pair = try await ask("CONFIG", "GET", RedisArgument(name))?.array, pair.count == 2 else {
                continue
            }
            settings[name] = pair[1].text
        }
        facts.settings = settings.isEmpty ? nil : settings
    }

    private func readRecord(_ facts: inout NodeFacts) async throws(RedisError) {
        let command = RedisCommand("HMGET", arguments: [keys.node] + NodeRecord.fields)
        do throws(RedisError) {
            let reply = try await client.send(command.idempotent)
            guard let record = NodeRecord(reply) else {
                throw RedisError(.server, .answered, "HMGET was answered with \(reply)", server: client.server)
            }
            facts.record = record
            facts.isRecordDamaged = record.isDamaged
        } catch  where error.code == .server {
            facts.recordFailure = error
        }
    }

    private func tryScripts(_ facts: inout NodeFacts) async throws(RedisError) {
        // A name of the right shape: nothing is written.
        let name: RedisArgument = "\(keys.ownerPrefix)doctor"
        do throws(RedisError) {
            let reply = try await client.run(
                LockScripts.permissions, keys: [name, "\(keys.counterPrefix)doctor", keys.node],
                arguments: ["\(keys.prefix)released:doctor"], idempotent: true)
            facts.denied = (reply.array ?? []).compactMap(\.text)
        } catch  where error.code == .server {
            facts.scriptFailure = error
        }
    }

    private func count(_ facts: inout NodeFacts) async throws(RedisError) {
        var census = NodeFacts.Census()
        var cursor = "0"
        var steps = 0
        repeat {
            let reply: RedisReply
            do throws(RedisError) {
                reply = try await client.run(
                    LockScripts.census, keys: [],
                    arguments: [
                        RedisArgument(cursor), RedisArgument(LockKeys.pattern(keys.prefix)), RedisArgument(Self.step),
                        RedisArgument(keys.ownerPrefix), RedisArgument(keys.counterPrefix),
                    ], idempotent: true)
            } catch  where error.code == .server {
                facts.scriptFailure = error
                return
            }
            guard let fields = reply.array, fields.count == 4, let next = fields[0].text,
                let locks = fields[1].integer, let counters = fields[2].integer, let odd = fields[3].array,
                (0...Self.mostKeys).contains(locks), (0...Self.mostKeys).contains(counters)
            else { return }
            census.locks += Int(locks)
            census.counters += Int(counters)
            for place in stride(from: 0, to: odd.count - 1, by: 2) where census.odd.count < 20 {
                census.odd.append(.init(key: odd[place].text ?? "", what: odd[place + 1].text ?? ""))
            }
            cursor = next
            steps += 1
        } while cursor != "0" && steps < Self.mostSteps
        census.isComplete = cursor == "0"
        facts.census = census
    }
}
