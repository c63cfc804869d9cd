import Foundation
public import HoldfastRedis
import HoldfastRuntime

/// Why a server does not look like a lock node that may be loaded: each reason a sentence.
public struct ServerSuspicion: Sendable, Hashable, CustomStringConvertible {
    public enum Kind: Sendable, Hashable {
        case silent
        /// A member of a Redis Cluster, a sentinel.
        case mode
        case replica
        /// Listed before under another address.
        case repeated
        /// It keeps keys of others.
        case foreignData
    }

    public var kind: Kind
    /// Its place in the list, from 1.
    public var node: Int
    public var sentence: String

    public var description: String { "node \(node): \(sentence)" }

    /// What was learned of the servers.
    public struct Report: Sendable, Hashable {
        public var suspicions: [ServerSuspicion] = []
        /// How many answered.
        public var reachable = 0
    }

    /// Keys that are looked at, so that a large database is not read through.
    private static let sample = 2000

    /// Asks each server who it is and what it keeps; changes nothing.
    public static func examine(_ servers: [RedisConfiguration], transport: any ByteTransport) async -> Report {
        var report = Report()
        var seen: [String: Int] = [:]
        for (index, server) in servers.enumerated() {
            let node = index + 1
            let client = RedisClient(server, transport: transport)
            do throws(RedisError) {
                let info = try await client.ready(within: .seconds(5))
                report.reachable += 1
                for (kind, sentence) in try await doubts(client, info) {
                    report.suspicions.append(ServerSuspicion(kind: kind, node: node, sentence: sentence))
                }
                if let earlier = seen[info.runID] {
                    let sentence = "it is the same server as node \(earlier)"
                    report.suspicions.append(ServerSuspicion(kind: .repeated, node: node, sentence: sentence))
                }
                seen[info.runID] = node
            } catch {
                let sentence = "it does not answer (\(error.message))"
                report.suspicions.append(ServerSuspicion(kind: .silent, node: node, sentence: sentence))
            }
            await client.close()
        }
        return report
    }

    private static func doubts(
        _ client: RedisClient, _ info: ServerInfo
    ) async throws(RedisError) -> [(Kind, String)] {
        var doubts: [(Kind, String)] = []
        if info.mode != "standalone" { doubts.append((.mode, "it runs as \(info.mode), not as a server of its own")) }
        let replication = try await client.send(RedisCommand("INFO", "replication").idempotent).text ?? ""
        if replication.contains("role:slave") {
            doubts.append((.replica, "it is a replica, which forgets locks at a failover"))
        }
        let size = try await client.send(RedisCommand("DBSIZE").idempotent).integer ?? 0
        if let foreign = try await foreignKey(client) {
            let sentence = "it keeps \(size) keys, such as '\(foreign)': that looks like a store, not like a lock node"
            doubts.append((.foreignData, sentence))
        }
        return doubts
    }

    /// A key that is neither ours nor left by an earlier verification.
    private static func foreignKey(_ client: RedisClient) async throws(RedisError) -> String? {
        var cursor = "0"
        var looked = 0
        repeat {
            let command = RedisCommand("SCAN", RedisArgument(cursor), "COUNT", 500)
            guard let page = try await client.send(command.idempotent).array, page.count == 2 else { return nil }
            let keys = (page[1].array ?? []).compactMap(\.text)
            if let foreign = keys.first(where: { !isOwn($0) }) { return foreign }
            looked += max(keys.count, 500)
            cursor = page[0].text ?? "0"
        } while cursor != "0" && looked < sample
        return nil
    }

    private static func isOwn(_ key: String) -> Bool {
        key.hasPrefix("holdfast:") || key.contains(Verification.lockPrefix)
    }
}
