import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import JobFaults
import Testing

@testable import HoldfastJobs

/// A server that refuses: full, read-only, or with something else under our names. Each is a typed error for producers
/// and an event of the worker, nothing is lost, and the worker goes on by itself when the trouble is over.
@Suite(.serialized, .timeLimit(.minutes(3))) struct ServerTroubleTests {
    /// What is done to the server, how it is healed, and the first word of its answer meanwhile.
    struct Trouble: Sendable, CustomTestStringConvertible {
        let name: String
        let make: [String]
        let heal: [String]
        let answer: String
        var testDescription: String { name }
    }

    private static let troubles = [
        Trouble(
            name: "full", make: ["CONFIG", "SET", "maxmemory", "1"], heal: ["CONFIG", "SET", "maxmemory", "0"],
            answer: "OOM"),
        // Of a master that nobody can reach: it keeps its data and refuses writes.
        Trouble(
            name: "read-only replica", make: ["REPLICAOF", "127.0.0.1", "1"], heal: ["REPLICAOF", "NO", "ONE"],
            answer: "READONLY"),
    ]

    private func worker(_ redis: Fixture, _ gate: Gate, _ log: EventLog) throws -> Worker {
        var handlers = HandlerRegistry()
        Effects(on: redis.client).register(in: &handlers)
        handlers.register("gated") { (_: NoArguments, _) in try await gate.pass() }
        var configuration = WorkerConfiguration()
        configuration.lease = .seconds(2)
        configuration.maintenanceInterval = .milliseconds(100)
        return try Worker(
            queues: [QueueName("q")], client: redis.client, handlers: handlers, configuration: configuration,
            observe: log.observe)
    }

    private func send(_ words: [String], _ redis: Fixture) async throws {
        try await redis.client.send(
            RedisCommand(words[0], arguments: words.dropFirst().map { RedisArgument($0) }))
    }

    @Test(arguments: troubles) func aRefusingServerLosesNothing(_ trouble: Trouble) async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let (gate, log) = (Gate(), EventLog())
            let worker = try worker(redis, gate, log)
            // Half of the slots are busy when it begins.
            var ids = try await queue.enqueue([try NewJob("gated"), try NewJob("gated")])
            let first = ids
            ids = try await withWorker(worker) {
                await log.wait(for: { if case .taken = $0 { true } else { false } }, count: 2)
                try await send(trouble.make, redis)
                let refusal = await #expect(throws: JobsError.self) {
                    try await queue.enqueue(Effects.function, 0, options: .init(id: try JobID("refused")))
                }
                #expect(refusal?.redis?.serverPrefix == trouble.answer && refusal?.redis?.outcome == .answered)
                #expect(try await queue.fetch(JobID("refused")) == nil)
                gate.open()
                // A worker whose calls are refused says so, and tries again.
                await log.wait { events in
                    events.contains { event in
                        if case .troubled(let error) = event { error.message.contains(trouble.answer) } else { false }
                    }
                }
                try await send(trouble.heal, redis)
                let ids = try await queue.enqueue((0..<20).map { try NewJob(Effects.function, $0) })
                for id in first + ids { _ = try await queue.wait(for: id, patience: .seconds(60)) }
                return ids
            }
            #expect(try await queue.counts().finished == 22)
            #expect(try await Effects(on: redis.client).count(of: ids).allSatisfy { $0.fenced == 1 })
        }
    }

    /// Keys that all jobs of a queue share, with something else under their names.
    private static let shared = [
        "rq:queue:q", "rq:wip:q",
    ]

    /// Puts the key back in one step, so that nobody begins a new one in between.
    /// KEYS: the key; where it was put aside, if it was there. ARGV: none. Returns nothing.
    private static let restore = RedisScript(
        name: "restore",
        """
        redis.call('DEL', KEYS[1])
        if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('RENAME', KEYS[2], KEYS[1]) end
        """)

    @Test(arguments: shared) func somethingElseUnderOurNamesLosesNothing(_ key: String) async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let (gate, log) = (Gate(), EventLog())
            let worker = try worker(redis, gate, log)
            // One is waiting, one runs, when somebody renames the key and sets another.
            let ids = try await queue.enqueue((0..<6).map { _ in try NewJob("gated") })
            try await withWorker(worker) {
                await log.wait(for: { if case .taken = $0 { true } else { false } }, count: 4)
                if try await redis.text("EXISTS", RedisArgument(key)) == "1" {
                    try await send(["RENAME", key, "aside"], redis)
                }
                try await send(["SET", key, "something else"], redis)
                gate.open()
                await log.wait { events in
                    events.contains { event in
                        if case .troubled(let error) = event { error.message.contains("WRONGTYPE") } else { false }
                    }
                }
                try await redis.client.run(Self.restore, keys: [RedisArgument(key), "aside"])
                for id in ids { _ = try await queue.wait(for: id, patience: .seconds(60)) }
            }
            #expect(try await queue.counts().finished == ids.count)
        }
    }
}
