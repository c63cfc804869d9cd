import HoldfastProcess
import HoldfastRuntime
import RedisFixture
import Synchronization
import Testing

@testable import HoldfastRedis

/// The client against a real redis-server.
@Suite(.timeLimit(.minutes(2))) struct ServerTests {
    @Test func everyKindOfReply() async throws {
        try await RedisServer.with { server in
            try await withClient(server.configuration) { client async throws in
                #expect(try await client.send(RedisCommand("SET", "k", "a\r\n\0")) == .status("OK"))
                #expect(try await client.send(RedisCommand("GET", "k")) == .bytes(Array("a\r\n\0".utf8)))
                #expect(try await client.send(RedisCommand("GET", "none")) == .null)
                #expect(try await client.send(RedisCommand("INCR", "n")) == .integer(1))
                let nested = RedisScript(
                    name: "nested", "return {1, {'a', {}}, false, redis.status_reply('S'), redis.error_reply('E x')}")
                let expected: RedisReply = .array([
                    .integer(1), .array([.bytes([97]), .array([])]), .null, .status("S"), .error("E x"),
                ])
                #expect(try await client.run(nested, keys: []) == expected)
                let error = await #expect(throws: RedisError.self) {
                    try await client.send(RedisCommand("LPUSH", "k", "x"))
                }
                #expect(error?.serverPrefix == "WRONGTYPE" && error?.outcome == .answered)
                #expect(client.server == "127.0.0.1:\(server.port)")
            }
        }
    }

    @Test func aValueOf32MiBPassesBothWays() async throws {
        try await RedisServer.with { server in
            try await withClient(server.configuration) { client async throws in
                var value = [UInt8](repeating: 0, count: 32 << 20)
                for index in stride(from: 0, to: value.count, by: 4099) {
                    value[index] = UInt8(truncatingIfNeeded: index)
                }
                try await client.send(RedisCommand("SET", "k", RedisArgument(value)))
                #expect(try await client.send(RedisCommand("GET", "k")).bytes == value)
                #expect(try await client.send(RedisCommand("PING")).text == "PONG")
            }
        }
    }

    @Test func concurrentCommandsShareBatchesAndEachGetsItsOwnAnswer() async throws {
        try await RedisServer.with { server in
            try await withClient(server.configuration) { client async throws in
                try await client.ready()
                let before = client.writeCounters
                await withTaskGroup(of: Bool.self) { group in
                    for number in 0..<10_000 {
                        group.addTask {
                            let reply = try? await client.send(RedisCommand("ECHO", RedisArgument(number)))
                            return reply?.integer == Int64(number)
                        }
                    }
                    for await isRight in group { #expect(isRight) }
                }
                let commands = client.writeCounters.commands - before.commands
                let batches = client.writeCounters.batches - before.batches
                #expect(commands == 10_000)
                #expect(batches < commands, "\(batches) batches")
            }
        }
    }

    @Test func theTransportCountsItsWrites() async throws {
        try await RedisServer.with { server in
            let transport = NIOTransport()
            let client = RedisClient(server.configuration, transport: transport)
            try await client.ready()
            let before = transport.writes
            #expect(before > 0, "the handshake was written")
            for _ in 0..<3 { try await client.send(RedisCommand("PING")) }
            #expect(transport.writes == before + 3)
            await client.close()
        }
    }

    @Test func aPipelineKeepsOrderAndEachOutcome() async throws {
        try await RedisServer.with { server in
            try await withClient(server.configuration) { client async throws in
                let outcomes = try await client.pipeline([
                    RedisCommand("SET", "k", "1"), RedisCommand("LPUSH", "k", "x"), RedisCommand("INCR", "k"),
                ])
                #expect(outcomes.count == 3)
                #expect(throws: RedisError.self) { try outcomes[1].get() }
                #expect(try outcomes[2].get() == .integer(2))
            }
        }
    }

    @Test func aCancelledCallerLeavesTheConnectionAlone() async throws {
        let events = Events()
        try await RedisServer.with { server in
            try await withClient(server.configuration, events: events) { client async throws in
                #expect(await events.connected() != nil)
                // The server stands still, so that the answer is certainly not there yet.
                await server.signal(.stop)
                let waiting = (0..<50).map { _ in Task { try await client.send(RedisCommand("INCR", "n")) } }
                while client.link.pipelineOutstanding < 50 { await Task.yield() }
                for task in waiting { task.cancel() }
                for task in waiting {
                    let result = await task.result
                    let error = #expect(throws: RedisError.self) { try result.get() }
                    #expect(error?.code == .cancelled && error?.outcome == .outcomeUnknown)
                }
                await server.signal(.resume)
                #expect(try await client.send(RedisCommand("ECHO", "aligned")).text == "aligned")
                #expect(try await client.send(RedisCommand("GET", "n")).integer == 50, "cancelled, and yet executed")
                let cancelled = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    return try await client.send(RedisCommand("INCR", "n"))
                }
                let result = await cancelled.result
                let error = #expect(throws: RedisError.self) { try result.get() }
                #expect(error?.outcome == .notSent)
                #expect(try await client.send(RedisCommand("GET", "n")).integer == 50)
                #expect(
                    try await client.send(RedisCommand("INFO", "clients")).text?.contains("connected_clients:1") == true
                )
            }
        }
    }

    @Test func whatAFullSocketDoesNotTakeStaysInOrder() async throws {
        try await RedisServer.with { server in
            try await withClient(server.configuration) { client async throws in
                try await client.ready()
                await server.signal(.stop)
                // More than the kernel keeps for a reader that stands still: it takes a part of some command.
                let waiting = (0..<1000).map { number in
                    Task {
                        let value = RedisArgument([UInt8](repeating: UInt8(number % 251), count: 16 << 10))
                        return try await client.send(RedisCommand("ECHO", value)) == .bytes(value.bytes)
                    }
                }
                while client.link.pipelineOutstanding < 1000 { await Task.yield() }
                await server.signal(.resume)
                for task in waiting { #expect(try await task.value) }
            }
        }
    }

    @Test func anotherIncarnationIsReportedAfterAKill() async throws {
        let events = Events()
        try await RedisServer.with { server in
            try await withClient(server.configuration, events: events) { client async throws in
                let first = await events.connected()
                try await server.restart()
                let second = await events.connected()
                #expect(first != nil && second != nil && first?.runID != second?.runID)
                #expect(try client.serverInfo() == second)
                #expect(try await client.send(RedisCommand("PING")).text == "PONG")
            }
        }
    }

    /// The commands lie at a stopped server when it is killed: what it did is unknown.
    @Test func onlyIdempotentCommandsAreSentAgain() async throws {
        try await RedisServer.with { server in
            try await withClient(server.configuration) { client async throws in
                try await client.ready()
                await server.signal(.stop)
                let plain = Task { try await client.send(RedisCommand("INCR", "plain")) }
                let repeated = Task { try await client.send(RedisCommand("INCR", "repeated").idempotent) }
                while client.link.pipelineWritten < 3 { await Task.yield() }
                try await server.restart()
                let result = await plain.result
                let error = #expect(throws: RedisError.self) { try result.get() }
                #expect(error?.code == .disconnected && error?.outcome == .outcomeUnknown)
                #expect(try await repeated.value == .integer(1))
                #expect(try await client.send(RedisCommand("GET", "plain")).isNull)
            }
        }
    }

    @Test func withoutAServerACommandIsNotSent() async throws {
        try await RedisServer.with { server in
            var configuration = server.configuration
            configuration.connectTimeout = .milliseconds(100)
            await server.kill()
            try await withClient(configuration) { client async throws in
                let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
                #expect(error?.outcome == .notSent)
                #expect(throws: RedisError.self) { try client.serverInfo() }
            }
        }
    }

    @Test func aForgottenScriptIsSentBySource() async throws {
        let script = RedisScript(name: "sum", "return redis.call('INCRBY', KEYS[1], ARGV[1])")
        try await RedisServer.with { server in
            try await withClient(server.configuration, scripts: [script]) { client async throws in
                try await client.ready()
                #expect(script.digest?.count == 40)
                #expect(try await client.run(script, keys: ["k"], arguments: [2]) == .integer(2))
                try await client.send(RedisCommand("SCRIPT", "FLUSH"))
                #expect(try await client.run(script, keys: ["k"], arguments: [3]) == .integer(5))
            }
        }
    }

    @Test func smallBoundsDelayCallersButLoseNone() async throws {
        try await RedisServer.with { server in
            var configuration = server.configuration
            configuration.maximumOutstandingCommands = 4
            configuration.maximumOutboxBytes = 100
            try await withClient(configuration) { client async throws in
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<1000 { group.addTask { _ = try? await client.send(RedisCommand("INCR", "n")) } }
                }
                #expect(try await client.send(RedisCommand("GET", "n")).integer == 1000)
                let collector = Collector()
                await server.signal(.stop)
                for tag in 0..<10 { client.submit(RedisCommand("PING").encoded, to: collector, tag: tag) }
                await server.signal(.resume)
                let outcomes = await collector.outcomes(10)
                #expect(outcomes.filter { $0 == .overloaded }.count == 6)
                #expect(outcomes.filter { $0 == nil }.count == 4)
            }
        }
    }

    @Test func closeLetsUnansweredCommandsFinish() async throws {
        try await RedisServer.with { server in
            let client = RedisClient(server.configuration)
            try await client.ready()
            await server.signal(.stop)
            let last = Task { try await client.send(RedisCommand("INCR", "n")) }
            while client.link.pipelineOutstanding < 1 { await Task.yield() }
            async let closing: Void = client.close(grace: .seconds(60))
            while (try? client.serverInfo()) != nil { await Task.yield() }
            await server.signal(.resume)
            await closing
            #expect(try await last.value == .integer(1))
        }
    }

    @Test func credentialsDatabaseNameAndSocketFile() async throws {
        let acl = ["--user", "worker", "on", ">s3cret", "~*", "+@all", "--user", "default", "off"]
        try await RedisServer.with(acl) { server in
            let url = "unix://worker:s3cret@\(server.socketPath)?db=3&client_name=me"
            try await withClient(try RedisConfiguration(url: url)) { client async throws in
                try await client.send(RedisCommand("SET", "k", "v"))
                let text = try await client.send(RedisCommand("CLIENT", "INFO")).text ?? ""
                #expect(text.contains(" name=me ") && text.contains(" db=3 ") && text.contains(" user=worker "))
            }
            let events = Events()
            var wrong = server.configuration
            (wrong.username, wrong.password) = ("worker", "wr0ng")
            try await withClient(wrong, events: events) { _ in
                let failure = await events.failure()
                #expect(failure?.code == .handshakeRefused && failure?.message.contains("wr0ng") == false)
            }
            let nobody = Events()
            try await withClient(server.configuration, events: nobody) { _ in
                #expect(await nobody.failure()?.message.contains("wants a password") == true)
            }
            var database = try RedisConfiguration(url: url)
            database.database = 99
            let outside = Events()
            try await withClient(database, events: outside) { _ in
                #expect(await outside.failure()?.message.contains("database 99 was refused") == true)
            }
        }
    }
}

/// Collects what a submitted command came to: nil for a reply.
private final class Collector: ReplySink {
    private let stream: AsyncStream<RedisError.Code?>
    private let continuation: AsyncStream<RedisError.Code?>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func receive(_ outcome: ReplyOutcome, tag: Int) {
        switch outcome {
        case .reply: continuation.yield(nil)
        case .failed(let error): continuation.yield(error.code)
        }
    }

    func outcomes(_ count: Int) async -> [RedisError.Code?] {
        var found: [RedisError.Code?] = []
        for await outcome in stream {
            found.append(outcome)
            if found.count == count { break }
        }
        return found
    }
}

extension Link {
    var pipelineOutstanding: Int { (try? current())?.pipeline.outstanding ?? 0 }
    var pipelineWritten: Int { (try? current())?.pipeline.commandsWritten.load(ordering: .relaxed) ?? 0 }
}
