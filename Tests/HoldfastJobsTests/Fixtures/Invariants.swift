import HoldfastRedis

@testable import HoldfastJobs

/// Judges a whole database: every job is exactly where its status says, and nothing refers to what is not there.
struct Invariants {
    enum Rule: String, Sendable {
        /// A job in the wrong place, in none, or in two.
        case place
        /// A list or registry that names a job which has no record.
        case dangling
        /// An execution whose parts disagree.
        case execution
    }

    struct Violation { let rule: Rule, what: String }

    let client: RedisClient

    func violations() async throws -> [Violation] {
        var found: [Violation] = []
        let keys = try await texts("KEYS", "rq:*")
        var places: [String: [String]] = [:]
        var running: [String: String] = [:]
        for key in keys {
            let parts = key.split(separator: ":", maxSplits: 2).map(String.init)
            guard parts.count == 3 else { continue }
            switch parts[1] {
            case "queue" where !parts[2].contains(":"):
                for id in try await texts("LRANGE", key, "0", "-1") { places[id, default: []].append("queued") }
            case "finished", "failed", "deferred", "scheduled", "canceled":
                for id in try await texts("ZRANGE", key, "0", "-1") { places[id, default: []].append(parts[1]) }
            case "wip":
                for member in try await texts("ZRANGE", key, "0", "-1") {
                    let halves = member.split(separator: ":").map(String.init)
                    places[halves[0], default: []].append("started")
                    running[member] = parts[2]
                }
            default: break
            }
        }
        found += try await judgeExecutions(keys, running)
        for key in keys where key.hasPrefix("rq:job:") && !key.hasPrefix("rq:job::") {
            let id = String(key.dropFirst("rq:job:".count))
            if id.contains(":") { continue }
            let status = try await client.send(RedisCommand("HGET", RedisArgument(key), "status")).text ?? "none"
            let place = places.removeValue(forKey: id) ?? []
            // RQ keeps stopped jobs among the failed ones.
            let expected = status == "stopped" ? "failed" : status
            if place != [expected] && !(status == "created" && place.isEmpty) {
                found.append(Violation(rule: .place, what: "the job \(id) is \(status) and is in \(place)"))
            }
        }
        for (id, place) in places {
            found.append(Violation(rule: .dangling, what: "\(place) names \(id), which has no record"))
        }
        return found
    }

    private func judgeExecutions(_ keys: [String], _ running: [String: String]) async throws -> [Violation] {
        var found: [Violation] = []
        func expect(_ condition: Bool, _ what: String) {
            if !condition { found.append(Violation(rule: .execution, what: what)) }
        }
        for (member, queue) in running {
            let halves = member.split(separator: ":").map(String.init)
            let worker = try await client.send(
                RedisCommand("HGET", RedisArgument("rq:execution:\(member)"), "worker_name")
            ).text
            let lease = try await client.send(
                RedisCommand("ZSCORE", RedisArgument("rq:lease:\(queue)"), RedisArgument(member)))
            let listed = try await texts("ZRANGE", "rq:executions:\(halves[0])", "0", "-1")
            expect(worker != nil, "\(member) runs without an execution record")
            expect(!lease.isNull, "\(member) runs without a lease")
            expect(listed.contains(halves[1]), "\(member) runs and its job does not know")
        }
        for key in keys where key.hasPrefix("rq:lease:") {
            for member in try await texts("ZRANGE", key, "0", "-1") {
                expect(running[member] != nil, "\(member) has a lease and does not run")
            }
        }
        for key in keys where key.hasPrefix("rq:execution:") {
            expect(running[String(key.dropFirst("rq:execution:".count))] != nil, "\(key) is left over")
        }
        for key in keys where key.hasPrefix("rq:worker:") && key.hasSuffix(":executions") {
            for member in try await texts("SMEMBERS", key) {
                expect(running[member] != nil, "\(key) holds \(member), which does not run")
            }
        }
        return found
    }

    private func texts(_ name: String, _ arguments: String...) async throws -> [String] {
        let reply = try await client.send(RedisCommand(name, arguments: arguments.map { RedisArgument($0) }))
        return (reply.array ?? []).compactMap(\.text)
    }
}
