import HoldfastHTTP
import LocalHTTPServer
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct HTTPClientTests {
    @Test func sendsMethodHeadersAndBodyAndCollectsTheAnswer() async throws {
        for method in HTTPMethod.allCases where method != .head {
            let body: [UInt8]? = method == .get ? nil : Array("hello\0there".utf8)
            try await LocalHTTPServer.run { request, responder in
                try await responder.answer(
                    201, [("x-seen", "\(request.method) \(request.path) \(request["x-mine"] ?? "-")")], request.text)
            } _: { server in
                try await withClient { client in
                    let response = try await client.send(
                        HTTPRequest(method, server.url + "/a?b=c", headers: ["X-Mine": "é"], body: body))
                    #expect(response.status == 201)
                    #expect(response.headers["X-SEEN"] == "\(method.rawValue) /a?b=c é")
                    #expect(response.body == body ?? [])
                }
            }
        }
    }

    @Test func headAnswersWithoutABody() async throws {
        try await LocalHTTPServer.run { request, responder in
            try await responder.head(204, [("x-method", request.method)])
            try await responder.end()
        } _: { server in
            try await withClient { client in
                let response = try await client.send(HTTPRequest(.head, server.url))
                #expect(response.status == 204)
                #expect(response.headers["x-method"] == "HEAD")
                #expect(response.body.isEmpty)
            }
        }
    }

    @Test func addsNothingThatTheCallerDidNotAsk() async throws {
        try await LocalHTTPServer.run { request, responder in
            let names = request.fields.map(\.name).filter { $0 != "host" && $0 != "accept" && $0 != "accept-encoding" }
            try await responder.answer(200, [], names.sorted().joined(separator: " "))
        } _: { server in
            try await withClient { client in
                let big = [UInt8](repeating: 7, count: 2 << 20)
                let response = try await client.send(
                    HTTPRequest(.post, server.url, headers: ["X-Empty": ""], body: big))
                #expect(response.text == "content-length user-agent x-empty")
            }
        }
    }

    @Test func everyStatusIsAnAnswer() async throws {
        try await LocalHTTPServer.run { _, responder in
            try await responder.answer(500, [], "broken")
        } _: { server in
            try await withClient { client in
                let response = try await client.send(HTTPRequest(.get, server.url))
                #expect(response.status == 500)
                #expect(response.text == "broken")
                #expect(!response.head.isSuccess)
            }
        }
    }

    @Test func reusesConnectionsAndBoundsWhatIsOnTheWire() async throws {
        let gauge = Gauge()
        try await LocalHTTPServer.run { _, responder in
            gauge.enter()
            await Task.yield()
            gauge.leave()
            try await responder.answer()
        } _: { server in
            var configuration = HTTPConfiguration.local
            configuration.maxConcurrent = 3
            try await withClient(configuration) { client in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<60 {
                        group.addTask { _ = try await client.send(HTTPRequest(.get, server.url)) }
                    }
                    try await group.waitForAll()
                }
                #expect(gauge.peak <= 3)
                #expect(client.statistics.connectionsOpened <= 3)
            }
        }
    }

    @Test func oneRequestTooManyIsRefusedAtOnce() async throws {
        let arrived = Signal()
        try await LocalHTTPServer.run { _, responder in
            arrived.send()
            try await responder.hang()
        } _: { server in
            var configuration = HTTPConfiguration.local
            configuration.maxConcurrent = 1
            configuration.maxWaiting = 0
            try await withClient(configuration) { client in
                let first = Task { try await client.send(HTTPRequest(.get, server.url)) }
                await arrived.wait()
                let error = await failure { try await client.send(HTTPRequest(.get, server.url)) }
                #expect(error?.kind == .overloaded(limit: 0))
                #expect(error?.outcome == .notSent)
                first.cancel()
                _ = await first.result
            }
        }
    }

    @Test func redirectsAreReturnedUnlessAskedFor() async throws {
        try await LocalHTTPServer.run { request, responder in
            switch request.path {
            case "/end": try await responder.answer(200, [], "there")
            case "/file": try await responder.answer(302, [("location", "file:///etc/passwd")])
            case "/loop": try await responder.answer(302, [("location", "/loop")])
            default: try await responder.answer(302, [("location", "/end")], "moved")
            }
        } _: { server in
            try await withClient { client in
                let response = try await client.send(HTTPRequest(.get, server.url + "/start"))
                #expect(response.status == 302)
                #expect(response.text == "moved")
            }
            var following = HTTPConfiguration.local
            following.maxRedirects = 4
            try await withClient(following) { client in
                #expect(try await client.send(HTTPRequest(.get, server.url + "/start")).text == "there")
                #expect(try await client.send(HTTPRequest(.post, server.url + "/start")).status == 302)
                let loop = await failure { try await client.send(HTTPRequest(.get, server.url + "/loop")) }
                #expect(loop?.kind == .tooManyRedirects(limit: 4))
                let file = await failure { try await client.send(HTTPRequest(.get, server.url + "/file")) }
                guard case .protocolViolation = file?.kind else { throw Unexpected(file) }
            }
        }
    }

    /// A kept connection that dies under a request: libcurl would send it again by itself.
    @Test func aRequestThatIsNotRepeatableLeavesOnce() async throws {
        for isRepeatable in [true, false] {
            let seen = Mutex(0)
            try await LocalHTTPServer.run { request, responder in
                let count = seen.withLock { count in
                    count += request.path == "/act" ? 1 : 0
                    return count
                }
                if request.path == "/act" && count == 1 { return try await responder.cut() }
                try await responder.answer()
            } _: { server in
                try await withClient { client in
                    _ = try await client.send(HTTPRequest(.get, server.url + "/warm"))
                    let request = HTTPRequest(.post, server.url + "/act", body: [1], isRepeatable: isRepeatable)
                    if isRepeatable {
                        #expect(try await client.send(request).status == 200)
                        #expect(seen.withLock { $0 } == 2)
                    } else {
                        let error = await failure { try await client.send(request) }
                        guard case .connectionLost = error?.kind else { throw Unexpected(error) }
                        #expect(error?.outcome == .outcomeUnknown)
                        #expect(seen.withLock { $0 } == 1)
                    }
                }
            }
        }
    }

    @Test func informationalAnswersAndTrailersDoNotConfuseTheHead() async throws {
        try await RawServer.run(
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\n more\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nTrailer: late\r\n\r\n"
        ) { url in
            try await withClient { client in
                let response = try await client.send(HTTPRequest(.get, url))
                #expect(response.status == 200)
                #expect(response.headers["A"] == "1")
                #expect(response.headers["B"] == "2 more")
                #expect(response.headers["Link"] == nil)
                #expect(response.headers["Trailer"] == nil)
                #expect(response.text == "abc")
            }
        }
    }
}
