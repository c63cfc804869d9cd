import HoldfastRedis
import HoldfastRuntime
import NIOCore
import NIOPosix
import RedisFixture
import Testing

@testable import HoldfastChaos

/// A link in front of a real server: what it does shows in the server's data and in its counters.
@Suite(.serialized) struct FaultyLinkTests {
    private struct Bench {
        var link: FaultyLink
        /// Through the link.
        var client: RedisClient
        /// Beside it.
        var direct: RedisClient
    }

    private func withLink(_ body: (Bench) async throws -> Void) async throws {
        try await RedisServer.with { server in
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            let link = try await FaultyLink.start(server.port, on: group, runtime: LiveRuntime())
            var configuration = try RedisConfiguration(url: "redis://127.0.0.1:\(link.port)")
            configuration.commandTimeout = .milliseconds(500)
            let direct = RedisClient(try RedisConfiguration(url: "redis://127.0.0.1:\(server.port)"))
            let bench = Bench(link: link, client: RedisClient(configuration), direct: direct)
            func close() async throws {
                await bench.client.close()
                await direct.close()
                await link.close()
                try await group.shutdownGracefully()
            }
            do {
                _ = try await bench.client.send(RedisCommand("SET", "warm", 1))
                try await body(bench)
            } catch {
                try await close()
                throw error
            }
            try await close()
        }
    }

    private func exists(_ key: String, _ client: RedisClient) async throws -> Bool {
        try await client.send(RedisCommand("EXISTS", RedisArgument(key)).idempotent).integer == 1
    }

    private func set(_ key: String, _ client: RedisClient) async throws {
        _ = try await client.send(RedisCommand("SET", RedisArgument(key), 1))
    }

    /// Until the server has the key; the test's time limit bounds the wait.
    private func arrival(of key: String, _ client: RedisClient) async throws {
        while try await !exists(key, client) { await Task.yield() }
    }

    @Test(.timeLimit(.minutes(1))) func healthyLinksPassEverything() async throws {
        try await withLink { bench in
            for index in 0..<200 { try await set("k\(index)", bench.client) }
            let isThere = try await exists("k199", bench.direct)
            #expect(isThere)
            #expect(bench.link.counters.passed >= 400 && bench.link.counters.connections == 1)
        }
    }

    @Test(.timeLimit(.minutes(1))) func lostRepliesLeaveTheEffectBehind() async throws {
        try await withLink { bench in
            try await bench.link.set(LinkFault(kind: .dropReplies))
            await #expect(throws: RedisError.self) { try await set("k", bench.client) }
            let isThere = try await exists("k", bench.direct)
            #expect(isThere, "obeyed, and nobody was told")
            #expect(bench.link.counters.dropped > 0)
        }
    }

    @Test(.timeLimit(.minutes(1))) func lostRequestsNeverArrive() async throws {
        try await withLink { bench in
            try await bench.link.set(LinkFault(kind: .dropRequests))
            await #expect(throws: RedisError.self) { try await set("k", bench.client) }
            try await bench.link.set(nil)
            // The hole has cost the connection; another one is made.
            while (try? await set("after", bench.client)) == nil { await Task.yield() }
            let isThere = try await exists("k", bench.direct)
            #expect(!isThere)
            #expect(bench.link.counters.connections >= 2)
        }
    }

    @Test(.timeLimit(.minutes(1))) func lateRequestsArriveAfterTheirSenderHasGivenUp() async throws {
        try await withLink { bench in
            try await bench.link.set(LinkFault(kind: .lateRequests))
            await #expect(throws: RedisError.self) { try await set("k", bench.client) }
            let isThere = try await exists("k", bench.direct)
            #expect(!isThere)
            await bench.client.close()
            try await bench.link.set(nil)
            try await arrival(of: "k", bench.direct)
            #expect(bench.link.counters.held > 0)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aDelayKeepsTheOrder() async throws {
        try await withLink { bench in
            try await bench.link.set(LinkFault(kind: .delay, delay: .milliseconds(20)))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<20 {
                    group.addTask {
                        _ = try await bench.client.send(RedisCommand("RPUSH", "list", RedisArgument(index)))
                    }
                }
                try await group.waitForAll()
            }
            let length = try await bench.direct.send(RedisCommand("LLEN", "list").idempotent).integer
            #expect(length == 20 && bench.link.counters.delayed > 0)
        }
    }

    @Test(.timeLimit(.minutes(1))) func resetConnectionsFailAndComeBack() async throws {
        try await withLink { bench in
            try await bench.link.set(LinkFault(kind: .reset))
            await #expect(throws: RedisError.self) { try await set("k", bench.client) }
            #expect(bench.link.counters.resets > 0)
            try await bench.link.set(nil)
            while (try? await set("after", bench.client)) == nil { await Task.yield() }
        }
    }

    @Test(.timeLimit(.minutes(1))) func whoIsRefusedComesBackToTheSamePort() async throws {
        try await withLink { bench in
            let port = bench.link.port
            for round in 1...3 {
                try await bench.link.set(LinkFault(kind: .refuse))
                #expect(await bench.link.isRefusing())
                await #expect(throws: RedisError.self) { try await set("refused-\(round)", bench.client) }
                try await bench.link.set(nil)
                #expect(await !bench.link.isRefusing() && bench.link.port == port)
                var isBack = false
                for _ in 0..<40 where !isBack { isBack = (try? await set("back-\(round)", bench.client)) != nil }
                #expect(isBack, "in round \(round)")
            }
            let arrived = try await bench.direct.send(RedisCommand("KEYS", "refused-*").idempotent).array
            #expect(arrived?.isEmpty == true)
            #expect(bench.link.counters.refusals == 3 && bench.link.counters.resets >= 3)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aRefusingPortIsNobodyElses() async throws {
        try await withLink { bench in
            let thief = ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            try await bench.link.set(LinkFault(kind: .refuse))
            await #expect(throws: IOError.self) {
                try await thief.bind(host: "127.0.0.1", port: bench.link.port).get().close()
            }
            // Where it is taken nevertheless, the link says so.
            bench.link.reserve.release()
            let taken = try await thief.bind(host: "127.0.0.1", port: bench.link.port).get()
            await #expect(throws: IOError.self) { try await bench.link.set(nil) }
            try await taken.close()
            try await bench.link.set(nil)
            #expect(await !bench.link.isRefusing())
        }
    }

    /// Whatever comes and goes while pieces are on their way: the server sees them in the order of their sending.
    @Test(.timeLimit(.minutes(1))) func noPieceOvertakesAnEarlierOne() async throws {
        try await withLink { bench in
            let faults: [LinkFault?] = [
                LinkFault(kind: .delay, delay: .milliseconds(3)), nil, LinkFault(kind: .stall), nil,
                LinkFault(kind: .lateRequests), LinkFault(kind: .delay, delay: .milliseconds(1)), nil,
            ]
            var sent = 0
            for fault in (0..<60).flatMap({ _ in faults }) {
                try await bench.link.set(fault)
                for _ in 0..<5 {
                    let command = RedisCommand.encodePrefix("RPUSH", ["list", RedisArgument(sent)], missing: 0)
                    bench.client.submit(command, to: Unheard.shared, tag: 0)
                    sent += 1
                    // Each by itself: what is written in one go is one piece.
                    await Task.yield()
                }
            }
            try await bench.link.set(nil)
            while try await length(bench.direct) < sent { await Task.yield() }
            let list = try await bench.direct.send(RedisCommand("LRANGE", "list", 0, -1).idempotent).array ?? []
            #expect(list.compactMap(\.integer) == (0..<sent).map(Int64.init))
            #expect(bench.link.counters.held > 0 && bench.link.counters.delayed > 0)
        }
    }

    private func length(_ client: RedisClient) async throws -> Int {
        Int(try await client.send(RedisCommand("LLEN", "list").idempotent).integer ?? 0)
    }
}

/// For answers that nobody waits for.
private final class Unheard: ReplySink {
    static let shared = Unheard()

    func receive(_ outcome: ReplyOutcome, tag: Int) {}
}
