import HoldfastRuntime
import RedisFixture
import Testing

@testable import HoldfastRedis

/// What a server may do wrong costs its connection, never the process, and the client comes back.
@Suite(.timeLimit(.minutes(1))) struct MisbehaviourTests {
    /// The first connection answers GET with `moves`, later ones well.
    private func firstAnswer(_ moves: [ImpostorServer.Move]) async throws -> (first: RedisError?, second: RedisReply) {
        let script: ImpostorServer.Script = { call in
            if call.words.first == "GET" { return call.connection == 1 ? moves : [.send("$2\r\nok\r\n")] }
            return ImpostorServer.decent(call) ?? []
        }
        return try await ImpostorServer.run(script) { configuration in
            try await withClient(configuration) { client async throws in
                var first: RedisError?
                do throws(RedisError) { try await client.send(RedisCommand("GET", "a")) } catch { first = error }
                return (first, try await client.send(RedisCommand("GET", "b").idempotent))
            }
        }
    }

    @Test(arguments: ["%1\r\n", "HTTP/1.1 400 Bad Request\r\n", "$-2\r\n", "*-2\r\n", "$1\r\nab\r\n"])
    func aBrokenReplyCostsTheConnection(_ text: String) async throws {
        let (first, second) = try await firstAnswer([.send(text)])
        #expect(first?.code == .protocolViolation && first?.outcome == .outcomeUnknown)
        #expect(second.text == "ok")
    }

    @Test func aConnectionClosedInsideAReplyLeavesTheOutcomeUnknown() async throws {
        let (first, second) = try await firstAnswer([.send("$10\r\nabc"), .close])
        #expect(first?.code == .disconnected && first?.outcome == .outcomeUnknown)
        #expect(second.text == "ok")
    }

    @Test func aSurplusReplyCostsTheConnectionButNotTheAnswerBeforeIt() async throws {
        let events = Events()
        let script: ImpostorServer.Script = { call in
            if call.words.first == "GET" { return [.send("+mine\r\n+whose\r\n")] }
            return ImpostorServer.decent(call) ?? []
        }
        try await ImpostorServer.run(script) { configuration in
            try await withClient(configuration, events: events) { client async throws in
                #expect(try await client.send(RedisCommand("GET", "a")).text == "mine")
                let failure = await events.failure()
                #expect(failure?.code == .protocolViolation)
                #expect(failure?.message.contains("whose") == true)
                #expect(await events.connected() != nil)
            }
        }
    }

    @Test func singleBytesMakeAReplyToo() async throws {
        let (first, second) = try await firstAnswer([.trickle("*2\r\n$3\r\nabc\r\n:12\r\n")])
        #expect(first == nil)
        #expect(second == .array([.bytes(Array("abc".utf8)), .integer(12)]))
    }

    @Test func aReplyBeyondTheBoundCostsTheConnection() async throws {
        let script: ImpostorServer.Script = { call in
            if call.words.first == "GET" { return [.send("$1000000\r\n" + String(repeating: "x", count: 300_000))] }
            return ImpostorServer.decent(call) ?? []
        }
        try await ImpostorServer.run(script) { configuration in
            var configuration = configuration
            configuration.maximumReplyBytes = 10_000
            try await withClient(configuration) { client async throws in
                let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("GET", "a")) }
                #expect(error?.message.contains("size limit") == true)
            }
        }
    }

    @Test func silenceMeetsTheCommandTimeout() async throws {
        let script: ImpostorServer.Script = { ImpostorServer.decent($0) ?? [] }
        try await ImpostorServer.run(script) { configuration in
            var configuration = configuration
            configuration.commandTimeout = .milliseconds(300)
            try await withClient(configuration) { client async throws in
                let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("GET", "a")) }
                #expect(error?.code == .timedOut && error?.outcome == .outcomeUnknown)
            }
        }
    }

    /// It takes connections and never says a word.
    @Test func aBlackHoleMeetsTheConnectTimeoutAndClosingDoesNotWaitForIt() async throws {
        let events = Events()
        try await ImpostorServer.run({ _ in [] }) { configuration in
            var configuration = configuration
            configuration.connectTimeout = .seconds(1)
            try await withClient(configuration, events: events) { client async throws in
                let failure = await events.failure()
                #expect(failure?.code == .timedOut)
                #expect(failure?.message == "took the connection but did not answer in time")
                await client.close(grace: .seconds(3600))
            }
        }
    }

    @Test(arguments: [
        ("-NOAUTH Authentication required.\r\n", "wants a password"), ("$5\r\nhello\r\n", "run_id"),
        ("-ERR unknown command\r\n", "INFO was refused"), ("HTTP/1.1 400 Bad Request\r\n\r\n", "no Redis protocol"),
    ])
    func aServerThatIsNoneIsNamedAsSuch(_ answer: String, _ reason: String) async throws {
        let events = Events()
        try await ImpostorServer.run({ _ in [.send(answer)] }) { configuration in
            try await withClient(configuration, events: events) { client async throws in
                let failure = await events.failure()
                #expect(failure?.message.contains(reason) == true, "\(String(describing: failure))")
                var short = configuration
                short.connectTimeout = .zero
                let error = await #expect(throws: RedisError.self) { try await client.ready(within: .zero) }
                #expect(error?.outcome == .notSent)
            }
        }
    }

    @Test func refusedCredentialsAreNamedWithoutTheirText() async throws {
        let events = Events()
        let script: ImpostorServer.Script = { call in
            call.words.first == "AUTH" ? [.send("-WRONGPASS s3cret is wrong\r\n")] : [.send(ImpostorServer.info)]
        }
        try await ImpostorServer.run(script) { configuration in
            var configuration = configuration
            configuration.password = "s3cret"
            try await withClient(configuration, events: events) { _ in
                let failure = await events.failure()
                #expect(failure?.code == .handshakeRefused)
                #expect(failure?.message.contains("s3cret") == false)
            }
        }
    }

    /// The retry must wait for the next connection, not be given the dying one again.
    @Test func anIdempotentCommandSurvivesALostConnectionEveryTime() async throws {
        let script: ImpostorServer.Script = { call in
            switch (call.words.first, call.words.last) {
            case ("GET", "\(call.connection)"): [.close]
            case ("GET", _): [.send("+ok\r\n")]
            default: ImpostorServer.decent(call) ?? []
            }
        }
        try await ImpostorServer.run(script) { configuration in
            try await withClient(configuration) { client async throws in
                for connection in 1...100 {
                    let command = RedisCommand("GET", RedisArgument(connection)).idempotent
                    #expect(try await client.send(command).text == "ok")
                }
            }
        }
    }

    /// The connection ends while close() waits for an answer that never comes: close must end too.
    @Test func closeEndsWhenTheConnectionDoes() async throws {
        let isAsked = AsyncStream.makeStream(of: Void.self)
        let script: ImpostorServer.Script = { call in
            switch call.words.first {
            case "GET":
                isAsked.continuation.yield()
                return []
            case "QUIT": return [.close]
            default: return ImpostorServer.decent(call) ?? []
            }
        }
        try await ImpostorServer.run(script) { configuration in
            let client = RedisClient(configuration)
            async let stuck = client.pipeline([RedisCommand("GET", "a"), RedisCommand("QUIT")])
            for await _ in isAsked.stream { break }
            await client.close(grace: .seconds(3600))
            for outcome in try await stuck { #expect(throws: RedisError.self) { try outcome.get() } }
        }
    }

    @Test func closeDuringAHandshakeEndsAtOnce() async throws {
        let isAsked = AsyncStream.makeStream(of: Void.self)
        let script: ImpostorServer.Script = { _ in
            isAsked.continuation.yield()
            return []
        }
        try await ImpostorServer.run(script) { configuration in
            let client = RedisClient(configuration)
            for await _ in isAsked.stream { break }
            async let first: Void = client.close(grace: .seconds(3600))
            async let second: Void = client.close(grace: .seconds(3600))
            _ = await (first, second)
            let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
            #expect(error?.code == .closed && error?.outcome == .notSent)
        }
    }

    @Test func aHalfOpenSubscriptionIsNoticed() async throws {
        let events = Events()
        let script: ImpostorServer.Script = { call in
            // Confirms the first connection's subscription and then never says anything again.
            switch (call.words.first, call.connection) {
            case ("SUBSCRIBE", _): [.send("*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n")]
            case ("PING", 1): []
            case ("PING", _): [.send("*2\r\n$4\r\npong\r\n$0\r\n\r\n")]
            default: ImpostorServer.decent(call) ?? []
            }
        }
        try await ImpostorServer.run(script) { configuration in
            var configuration = configuration
            configuration.idleCheckInterval = .milliseconds(100)
            configuration.commandTimeout = .seconds(1)
            let subscriber = RedisSubscriber(configuration, onEvent: events.sink)
            var iterator = subscriber.messages(on: "c").makeAsyncIterator()
            #expect(await iterator.next() == .subscribed)
            #expect(await iterator.next() == .interrupted)
            #expect(await iterator.next() == .subscribed)
            #expect(await events.failure()?.code == .timedOut)
            await subscriber.close()
            while await iterator.next() != nil {}
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct UnreachableTests {
    private func failure(_ configuration: RedisConfiguration) async throws -> RedisError? {
        let events = Events()
        return try await withClient(configuration, events: events) { _ in await events.failure() }
    }

    @Test func aRefusedPortSaysSo() async throws {
        let port = try freePort()
        let error = try await failure(RedisConfiguration(address: .tcp(host: "127.0.0.1", port: port)))
        #expect(error.map { "\($0.asNotSent())" } == "127.0.0.1:\(port): connection refused: nobody listens there")
        #expect(error?.code == .unreachable)
        let named = try await failure(RedisConfiguration(address: .tcp(host: "localhost", port: port)))
        #expect(named?.message == "connection refused: nobody listens there")
    }

    @Test func anUnknownHostSaysSo() async throws {
        let error = try await failure(RedisConfiguration(address: .tcp(host: "no-such-host.invalid", port: 6379)))
        #expect(error?.message == "the host name does not resolve")
    }

    @Test func aMissingSocketAndADirectorySaySo() async throws {
        let missing = try await failure(RedisConfiguration(address: .unix(path: "/nonexistent/redis.sock")))
        #expect(missing?.message == "there is no such socket file")
        let directory = try await failure(RedisConfiguration(address: .unix(path: "/tmp")))
        #expect(directory?.message == "connection refused: nobody listens there")
        let long = try await failure(
            RedisConfiguration(address: .unix(path: "/" + String(repeating: "a", count: 200))))
        #expect(long?.message == "the path of the socket is too long")
    }

    @Test func anImpossiblePortSaysSo() async throws {
        let error = try await failure(RedisConfiguration(address: .tcp(host: "127.0.0.1", port: 70_000)))
        #expect(error?.message == "the port is not in 1...65535")
    }

    @Test func tlsWithoutAProviderSaysSo() async throws {
        let error = try await failure(try RedisConfiguration(url: "rediss://127.0.0.1:1"))
        #expect(error?.message.contains("HoldfastRedisTLS") == true)
    }
}
