import HoldfastHTTP
import LocalHTTPServer
import Testing

/// Cancelling at every stage ends the transfer with a typed error and leaves no libcurl handle; `withClient` checks the
/// counter after closing, these tests check it before.
@Suite(.timeLimit(.minutes(1))) struct HTTPCancellationTests {
    @Test func beforeTheRequest() async throws {
        try await withClient { client in
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                return await failure { try await client.send(HTTPRequest(.get, "http://127.0.0.1:1")) }
            }
            task.cancel()
            let error = await task.value
            #expect(error?.kind == .cancelled)
            #expect(error?.outcome == .notSent)
            #expect(client.statistics.openHandles == 0)
        }
    }

    @Test func whileWaitingForAPlace() async throws {
        let arrived = Signal()
        try await LocalHTTPServer.run { _, responder in
            arrived.send()
            try await responder.hang()
        } _: { server in
            var configuration = HTTPConfiguration.local
            configuration.maxConcurrent = 1
            try await withClient(configuration) { client in
                let first = Task { await failure { try await client.send(HTTPRequest(.get, server.url)) } }
                await arrived.wait()
                let second = Task { await failure { try await client.send(HTTPRequest(.get, server.url)) } }
                while client.statistics.unfinished < 2 { await Task.yield() }
                second.cancel()
                let error = await second.value
                #expect(error?.kind == .cancelled)
                #expect(error?.outcome == .notSent)
                #expect(client.statistics.openHandles == 1)
                first.cancel()
                #expect(await first.value?.kind == .cancelled)
                #expect(client.statistics.openHandles == 0)
            }
        }
    }

    @Test func whileWaitingForTheHead() async throws {
        let arrived = Signal()
        let gone = Signal()
        try await LocalHTTPServer.run { _, responder in
            arrived.send()
            try? await responder.hang()
            gone.send()
        } _: { server in
            try await withClient { client in
                let task = Task { await failure { try await client.send(HTTPRequest(.get, server.url)) } }
                await arrived.wait()
                task.cancel()
                let error = await task.value
                #expect(error?.kind == .cancelled)
                #expect(error?.outcome == .outcomeUnknown)
                #expect(client.statistics.openHandles == 0)
                await gone.wait()
            }
        }
    }

    @Test func whileReadingTheBody() async throws {
        try await LocalHTTPServer.run { _, responder in
            try await responder.head()
            try await responder.chunk("some")
            try await responder.hang()
        } _: { server in
            try await withClient { client in
                let first = Signal()
                let task = Task {
                    await failure {
                        let stream = try await client.stream(HTTPRequest(.get, server.url))
                        for try await _ in stream.body { first.send() }
                    }
                }
                await first.wait()
                task.cancel()
                #expect(await task.value?.kind == .cancelled)
                #expect(client.statistics.openHandles == 0)
            }
        }
    }

    @Test func whilePausedOnAFullBuffer() async throws {
        try await LocalHTTPServer.run { _, responder in
            try await responder.head()
            let piece = [UInt8](repeating: 1, count: 1 << 20)
            while true { try await responder.chunk(piece) }
        } _: { server in
            var configuration = HTTPConfiguration.local
            configuration.bufferLimit = 1
            try await withClient(configuration) { client in
                let stream = try await client.stream(HTTPRequest(.get, server.url))
                while client.statistics.pauses == 0 { await Task.yield() }
                let task = Task {
                    await failure { for try await _ in stream.body {} }
                }
                task.cancel()
                // Cancelled, or the body limit first: it has no end.
                #expect(await task.value != nil)
                #expect(client.statistics.openHandles == 0)
            }
        }
    }

    @Test func closingFailsWhatIsInFlightAndRefusesWhatComesLater() async throws {
        let arrived = Signal()
        try await LocalHTTPServer.run { _, responder in
            arrived.send()
            try await responder.hang()
        } _: { server in
            var configuration = HTTPConfiguration.local
            configuration.maxConcurrent = 1
            try await withClient(configuration) { client in
                let first = Task { await failure { try await client.send(HTTPRequest(.get, server.url)) } }
                await arrived.wait()
                let second = Task { await failure { try await client.send(HTTPRequest(.get, server.url)) } }
                while client.statistics.unfinished < 2 { await Task.yield() }
                await client.close()
                #expect(await first.value?.kind == .closed)
                #expect(await first.value?.outcome == .outcomeUnknown)
                #expect(await second.value?.kind == .closed)
                #expect(await second.value?.outcome == .notSent)
                await client.close()
                let later = await failure { try await client.send(HTTPRequest(.get, server.url)) }
                #expect(later?.kind == .closed)
                #expect(later?.outcome == .notSent)
            }
        }
    }

    @Test func manyRacesBetweenCancellationAndAnswersLeaveNoHandle() async throws {
        try await LocalHTTPServer.run { _, responder in
            try await responder.answer(200, [], "quick")
        } _: { server in
            var configuration = HTTPConfiguration.local
            configuration.maxConcurrent = 4
            try await withClient(configuration) { client in
                for round in 0..<200 {
                    let task = Task { try? await client.send(HTTPRequest(.get, server.url)) }
                    for _ in 0..<round { await Task.yield() }
                    task.cancel()
                    _ = await task.value
                    #expect(client.statistics.unfinished == 0)
                    #expect(client.statistics.openHandles == 0)
                }
            }
        }
    }
}
