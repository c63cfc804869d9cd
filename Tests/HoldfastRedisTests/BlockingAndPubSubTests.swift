import HoldfastProcess
import HoldfastRuntime
import RedisFixture
import Testing

@testable import HoldfastRedis

@Suite(.timeLimit(.minutes(2))) struct BlockingTests {
    private func field(_ name: String, _ client: RedisClient, in section: String = "clients") async throws -> Int? {
        let text = try await client.send(RedisCommand("INFO", RedisArgument(section))).text ?? ""
        let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix(name + ":") }
        return line.flatMap { Int($0.dropFirst(name.count + 1)) }
    }

    private func clients(_ client: RedisClient) async throws -> Int {
        try await field("connected_clients", client) ?? -1
    }

    private func blocked(_ client: RedisClient, _ count: Int) async throws {
        while try await field("blocked_clients", client) != count {}
    }

    @Test func aBlockedConnectionDelaysNobodyAndIsUsedAgain() async throws {
        try await RedisServer.with { server in
            try await withClient(server.configuration) { client async throws in
                let first = try await client.withBlockingConnection { connection in
                    async let popped = connection.send(.blpop(["list"], timeout: .seconds(60)))
                    try await blocked(client, 1)
                    try await client.send(RedisCommand("RPUSH", "list", "x"))
                    #expect(try await popped == .array([.bytes(Array("list".utf8)), .bytes(Array("x".utf8))]))
                    return try await connection.send(RedisCommand("CLIENT", "ID")).integer
                }
                let second = try await client.withBlockingConnection { connection in
                    #expect(try await connection.send(.blpop(["list"], timeout: .milliseconds(10))).isNull)
                    return try await connection.send(RedisCommand("CLIENT", "ID")).integer
                }
                #expect(first == second)
                #expect(try await clients(client) == 2)
            }
        }
    }

    @Test func aLeaseThatIsGivenBackIsUsedAgainEveryTime() async throws {
        try await RedisServer.with { server in
            try await withClient(server.configuration) { client async throws in
                var numbers: Set<Int64?> = []
                for _ in 0..<500 {
                    let number = try await client.withBlockingConnection { connection in
                        try await connection.send(RedisCommand("CLIENT", "ID")).integer
                    }
                    numbers.insert(number)
                }
                #expect(numbers.count == 1)
            }
        }
    }

    @Test func acceptableWaitIsLongerThanTheCommandTimeout() async throws {
        try await RedisServer.with { server in
            var configuration = server.configuration
            configuration.commandTimeout = .milliseconds(300)
            try await withClient(configuration) { client async throws in
                let reply = try await client.withBlockingConnection { connection in
                    try await connection.send(.blpop(["list"], timeout: .milliseconds(900)))
                }
                #expect(reply.isNull)
            }
        }
    }

    @Test func aCancelledWaitCostsOnlyItsConnection() async throws {
        try await RedisServer.with { server in
            try await withClient(server.configuration) { client async throws in
                let task = Task {
                    try await client.withBlockingConnection { connection in
                        try await connection.send(.blpop(["list"], timeout: .seconds(60)))
                    }
                }
                try await blocked(client, 1)
                task.cancel()
                await #expect(throws: RedisError.self) { try await task.value }
                // The server sees the end; nobody pops for a caller that is gone.
                while try await clients(client) != 1 {}
                try await client.send(RedisCommand("RPUSH", "list", "x"))
                #expect(try await client.send(RedisCommand("LLEN", "list")).integer == 1)
            }
        }
    }

    /// The server stands still while its new connection is wanted no more.
    @Test func aLeaseThatNobodyWaitsForIsNotLeftOpen() async throws {
        try await RedisServer.with { server in
            try await withClient(server.configuration) { client async throws in
                try await client.ready()
                await server.signal(.stop)
                for _ in 0..<5 {
                    let task = Task { try await client.withBlockingConnection { _ in } }
                    task.cancel()
                    await #expect(throws: RedisError.self) { try await task.value }
                }
                await server.signal(.resume)
                while try await field("total_connections_received", client, in: "stats") != 6 {}
                while try await clients(client) != 1 {}
            }
        }
    }

    @Test func closingWakesWhoBlocks() async throws {
        try await RedisServer.with { server in
            let client = RedisClient(server.configuration)
            let task = Task {
                try await client.withBlockingConnection { connection in
                    try await connection.send(.blpop(["list"], timeout: .seconds(3600)))
                }
            }
            try await blocked(client, 1)
            await client.close()
            let result = await task.result
            let error = #expect(throws: RedisError.self) { try result.get() }
            #expect(error?.code == .closed && error?.outcome == .outcomeUnknown)
            await #expect(throws: RedisError.self) { try await client.withBlockingConnection { _ in } }
        }
    }
}

@Suite(.timeLimit(.minutes(2)), .serialized) struct LeakTests {

    private func connections(_ client: RedisClient) async throws -> Int {
        let text = try await client.send(RedisCommand("CLIENT", "LIST")).text ?? ""
        return text.split(separator: "\n").count
    }

    @Test func connectingAndClosingLeavesNothing() async throws {
        try await RedisServer.with { server in
            try await withClient(server.configuration) { observer in
                for _ in 0..<200 {
                    try await withClient(server.configuration) { client async throws in
                        _ = try await client.withBlockingConnection { try await $0.send(RedisCommand("PING")) }
                    }
                }
                // Bounded by the test's time limit.
                while try await connections(observer) != 1 {}
            }
        }
    }

    @Test func aClientThatIsDroppedWithoutCloseEndsItsConnections() async throws {
        try await RedisServer.with { server in
            try await withClient(server.configuration) { observer in
                for _ in 0..<20 {
                    let client = RedisClient(server.configuration)
                    _ = try await client.withBlockingConnection { try await $0.send(RedisCommand("PING")) }
                    let subscriber = RedisSubscriber(server.configuration)
                    var iterator = subscriber.messages(on: "c").makeAsyncIterator()
                    #expect(await iterator.next() == .subscribed)
                }
                while try await connections(observer) != 1 {}
            }
        }
    }

    @Test func aDroppedLinkIsFreed() async throws {
        try await RedisServer.with { server in
            weak var link: Link?
            do {
                let client = RedisClient(server.configuration)
                try await client.ready()
                link = client.link
            }
            while link != nil { await Task.yield() }
        }
    }
}

@Suite(.timeLimit(.minutes(2))) struct PubSubTests {
    @Test func messagesArriveAndARestartShows() async throws {
        try await RedisServer.with { server in
            try await withClient(server.configuration) { client async throws in
                let subscriber = RedisSubscriber(server.configuration)
                var iterator = subscriber.messages(on: "news").makeAsyncIterator()
                #expect(await iterator.next() == .subscribed)
                #expect(try await client.send(RedisCommand("PUBLISH", "news", "one")).integer == 1)
                #expect(await iterator.next() == .message(Array("one".utf8)))

                var second = subscriber.messages(on: "news").makeAsyncIterator()
                #expect(await second.next() == .subscribed, "it stands already")

                try await server.restart()
                #expect(await iterator.next() == .interrupted)
                #expect(await iterator.next() == .subscribed)
                try await client.ready()
                try await client.send(RedisCommand("PUBLISH", "news", "two").idempotent)
                #expect(await iterator.next() == .message(Array("two".utf8)))
                await subscriber.close()
                #expect(await iterator.next() == nil)
                var late = subscriber.messages(on: "news").makeAsyncIterator()
                #expect(await late.next() == nil, "nobody would ever end it")
            }
        }
    }

    /// Listeners come and go as fast as they can; `.subscribed` must mean that the next message arrives.
    @Test func subscribedIsNeverSaidTooEarly() async throws {
        try await RedisServer.with { server in
            try await withClient(server.configuration) { client async throws in
                let subscriber = RedisSubscriber(server.configuration)
                await withTaskGroup(of: Void.self) { group in
                    for task in 0..<4 {
                        group.addTask {
                            for round in 0..<100 {
                                let text = "\(task)-\(round)"
                                var isSubscribed = false
                                for await event in subscriber.messages(on: "news") {
                                    if event == .subscribed, !isSubscribed {
                                        isSubscribed = true
                                        let command = RedisCommand("PUBLISH", "news", RedisArgument(text))
                                        _ = try? await client.send(command)
                                    }
                                    if event == .message(Array(text.utf8)) { break }
                                }
                                #expect(isSubscribed)
                            }
                        }
                    }
                }
                await subscriber.close()
            }
        }
    }

    @Test func manyChannelsAskedWhileConnectingAreAllSubscribed() async throws {
        try await RedisServer.with { server in
            for _ in 0..<20 {
                let subscriber = RedisSubscriber(server.configuration)
                await withTaskGroup(of: Bool.self) { group in
                    for channel in 0..<20 {
                        group.addTask {
                            for await event in subscriber.messages(on: "c\(channel)") { return event == .subscribed }
                            return false
                        }
                    }
                    for await isSubscribed in group { #expect(isSubscribed) }
                }
                await subscriber.close()
            }
        }
    }

    @Test func aRefusedChannelEndsItsStreamsOnly() async throws {
        let acl = ["--user", "narrow", "on", ">pw", "~*", "+@all", "resetchannels", "&mine"]
        try await RedisServer.with(acl) { server in
            var configuration = server.configuration
            (configuration.username, configuration.password) = ("narrow", "pw")
            let refusals = AsyncStream.makeStream(of: String.self)
            let subscriber = RedisSubscriber(
                configuration, onRefusal: { channel, _ in _ = refusals.continuation.yield(channel) })
            var mine = subscriber.messages(on: "mine").makeAsyncIterator()
            #expect(await mine.next() == .subscribed)
            var theirs = subscriber.messages(on: "theirs").makeAsyncIterator()
            #expect(await theirs.next() == nil)
            for await channel in refusals.stream {
                #expect(channel == "theirs")
                break
            }
            try await withClient(server.configuration) { client async throws in
                try await client.send(RedisCommand("PUBLISH", "mine", "x"))
            }
            #expect(await mine.next() == .message([120]))
            await subscriber.close()
        }
    }
}
