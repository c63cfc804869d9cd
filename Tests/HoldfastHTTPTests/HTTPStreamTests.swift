import HoldfastHTTP
import LocalHTTPServer
import Testing

@Suite(.timeLimit(.minutes(1))) struct HTTPStreamTests {
    @Test func theHeadComesBeforeTheBody() async throws {
        let headWasRead = Signal()
        try await LocalHTTPServer.run { _, responder in
            try await responder.head(200, [("x", "y")])
            await headWasRead.wait()
            try await responder.chunk("one")
            try await responder.chunk("two")
            try await responder.end()
        } _: { server in
            try await withClient { client in
                let stream = try await client.stream(HTTPRequest(.get, server.url))
                #expect(stream.headers["X"] == "y")
                headWasRead.send()
                var text = ""
                for try await bytes in stream.body { text += String(decoding: bytes, as: UTF8.self) }
                #expect(text == "onetwo")
            }
        }
    }

    @Test func aSlowReaderPausesTheTransferAndBoundsTheBuffer() async throws {
        let piece = (0..<64 << 10).map { UInt8(truncatingIfNeeded: $0) }
        let pieces = 512
        try await LocalHTTPServer.run { request, responder in
            if request.path == "/tick" { return try await responder.answer() }
            try await responder.head()
            for _ in 0..<pieces { try await responder.chunk(piece) }
            try await responder.end()
        } _: { server in
            var configuration = HTTPConfiguration.local
            configuration.bufferLimit = 40 << 10
            try await withClient(configuration) { client in
                let stream = try await client.stream(HTTPRequest(.get, server.url, bodyLimit: 1 << 30))
                var received = 0
                var isIntact = true
                var reads = 0
                for try await bytes in stream.body {
                    for byte in bytes {
                        isIntact = isIntact && byte == UInt8(truncatingIfNeeded: received)
                        received += 1
                    }
                    reads += 1
                    // A reader slower than the network: a round trip of another request after each read.
                    if reads < 100 { _ = try await client.send(HTTPRequest(.get, server.url + "/tick")) }
                }
                #expect(received == pieces * piece.count)
                #expect(isIntact)
                #expect(client.statistics.pauses > 0)
                #expect(client.statistics.peakBuffered <= 40 << 10)
            }
        }
    }

    @Test func aBodyDroppedUnreadEndsItsTransfer() async throws {
        let gone = Signal()
        try await LocalHTTPServer.run { _, responder in
            defer { gone.send() }
            try await responder.head()
            try await responder.chunk("some")
            try await responder.hang()
        } _: { server in
            try await withClient { client in
                _ = try await client.stream(HTTPRequest(.get, server.url))
                await gone.wait()
            }
        }
    }

    @Test func aClientDroppedWhileABodyIsReadStaysUntilItsEnd() async throws {
        try await LocalHTTPServer.run { _, responder in
            try await responder.answer(200, [], String(repeating: "x", count: 1 << 20))
        } _: { server in
            let body = try await HTTPClient(.local).stream(HTTPRequest(.get, server.url)).body
            var count = 0
            for try await bytes in body { count += bytes.count }
            #expect(count == 1 << 20)
        }
    }

    @Test func theBytesBeforeACutAreReadBeforeTheError() async throws {
        try await LocalHTTPServer.run { _, responder in
            try await responder.head(200, [("content-length", "100")])
            try await responder.chunk("start")
            try await responder.cut()
        } _: { server in
            try await withClient { client in
                let stream = try await client.stream(HTTPRequest(.get, server.url))
                var text = ""
                let error = await failure {
                    for try await bytes in stream.body { text += String(decoding: bytes, as: UTF8.self) }
                }
                #expect(text == "start")
                guard case .connectionLost = error?.kind else { throw Unexpected(error) }
                #expect(error?.outcome == .outcomeUnknown)
            }
        }
    }
}
