import HoldfastHTTP
import LocalHTTPServer
import NIOCore
import NIOPosix
import Testing

@Suite(.timeLimit(.minutes(1))) struct HTTPErrorTests {
    @Test(arguments: [
        "", "localhost/path", "ftp://host/file", "file:///etc/passwd", "http://", "http://a b/", "http://host:99999/",
        "http://host/\0", "http://host/\r\nX: y", "gopher://host/", "http://" + String(repeating: "a", count: 9000),
    ])
    func badURLsAreRefusedBeforeAnythingIsSent(_ url: String) async throws {
        try await withClient { client in
            let error = await failure { try await client.send(HTTPRequest(.get, url)) }
            guard case .badURL = error?.kind else { throw Unexpected(error) }
            #expect(error?.outcome == .notSent)
        }
    }

    @Test(arguments: [
        ("X\r\nEvil", "1"), ("X", "1\r\nEvil: 2"), ("X", "1\n"), ("X", "a\0b"), ("", "1"), ("X Y", "1"), ("X:", "1"),
        ("Content-Length", "5"), ("transfer-encoding", "chunked"),
    ])
    func headersThatCouldSmuggleAreRefused(_ name: String, _ value: String) async throws {
        try await withClient { client in
            let headers = HTTPHeaders([.init(name: name, value: value)])
            let error = await failure {
                try await client.send(HTTPRequest(.get, "http://127.0.0.1:1", headers: headers))
            }
            guard case .badHeader(name, _) = error?.kind else { throw Unexpected(error) }
            #expect(error?.outcome == .notSent)
        }
    }

    @Test func errorsNameTheURLWithoutItsSecrets() async throws {
        let port = try await freePort()
        try await withClient { client in
            let url = "http://user:hunter2@127.0.0.1:\(port)/path?key=sesame#part"
            let error = await failure { try await client.send(HTTPRequest(.get, url)) }
            guard case .connect = error?.kind else { throw Unexpected(error) }
            #expect(error?.outcome == .notSent)
            #expect(error?.url == "http://127.0.0.1:\(port)/path")
            let text = error.map(String.init(describing:)) ?? ""
            #expect(!text.contains("hunter2") && !text.contains("sesame"))
        }
    }

    @Test func aNameThatDoesNotResolveIsSaidSo() async throws {
        try await withClient { client in
            let error = await failure { try await client.send(HTTPRequest(.get, "http://no-such-host.invalid/")) }
            guard case .resolve = error?.kind else { throw Unexpected(error) }
            #expect(error?.outcome == .notSent)
        }
    }

    @Test(arguments: [
        "", "hello\r\n\r\n", "SSH-2.0-x\r\n", "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nnot gzip",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", "HTTP/1.1 200 OK\r\nA: b",
    ])
    func brokenAnswersAreErrors(_ answer: String) async throws {
        try await RawServer.run(answer) { url in
            try await withClient { client in
                let error = await failure { try await client.send(HTTPRequest(.get, url)) }
                switch error?.kind {
                case .protocolViolation, .connectionLost: break
                default: throw Unexpected(error)
                }
                #expect(error?.outcome == .outcomeUnknown)
            }
        }
    }

    @Test func tooLargeBodiesAndHeadersEndTheTransfer() async throws {
        try await LocalHTTPServer.run { request, responder in
            if request.path == "/headers" {
                let fields = (0..<40).map { ("x-\($0)", String(repeating: "v", count: 100)) }
                return try await responder.answer(200, fields, "small")
            }
            try await responder.head()
            let piece = [UInt8](repeating: 1, count: 1 << 16)
            while true { try await responder.chunk(piece) }
        } _: { server in
            var configuration = HTTPConfiguration.local
            configuration.headerLimit = 2000
            configuration.bodyLimit = 1 << 20
            try await withClient(configuration) { client in
                let body = await failure { try await client.send(HTTPRequest(.get, server.url)) }
                #expect(body?.kind == .tooLarge(.body(bytes: 1 << 20)))
                let own = await failure { try await client.send(HTTPRequest(.get, server.url, bodyLimit: 10)) }
                #expect(own?.kind == .tooLarge(.body(bytes: 10)))
                let headers = await failure { try await client.send(HTTPRequest(.get, server.url + "/headers")) }
                #expect(headers?.kind == .tooLarge(.headers(bytes: 2000)))
                #expect(client.statistics.openHandles == 0)
            }
        }
    }

    @Test func slowAnswersEndAtTheTotalTimeout() async throws {
        try await LocalHTTPServer.run { _, responder in
            try await responder.hang()
        } _: { server in
            try await withClient { client in
                let request = HTTPRequest(.get, server.url, timeout: .seconds(2))
                let error = await failure { try await client.send(request) }
                #expect(error?.kind == .timeout(.total))
                #expect(error?.outcome == .outcomeUnknown)
            }
        }
    }

    @Test func silenceInTheBodyIsAStall() async throws {
        try await LocalHTTPServer.run { _, responder in
            try await responder.head()
            try await responder.chunk("some")
            try await responder.hang()
        } _: { server in
            var configuration = HTTPConfiguration.local
            configuration.stallTimeout = .milliseconds(30)
            try await withClient(configuration) { client in
                let error = await failure { try await client.send(HTTPRequest(.get, server.url)) }
                #expect(error?.kind == .timeout(.stall))
                #expect(error?.outcome == .outcomeUnknown)
            }
        }
    }

    @Test func waitingForAPlaceCountsTowardsTheTimeout() async throws {
        try await LocalHTTPServer.run { _, responder in
            try await responder.hang()
        } _: { server in
            var configuration = HTTPConfiguration.local
            configuration.maxConcurrent = 1
            try await withClient(configuration) { client in
                let first = Task { await failure { try await client.send(HTTPRequest(.get, server.url)) } }
                while client.statistics.openHandles == 0 { await Task.yield() }
                let request = HTTPRequest(.get, server.url, timeout: .milliseconds(20))
                let error = await failure { try await client.send(request) }
                #expect(error?.kind == .timeout(.queue))
                #expect(error?.outcome == .notSent)
                first.cancel()
                _ = await first.value
            }
        }
    }

    @Test func aServerWithoutTLSIsATLSError() async throws {
        try await RawServer.run("HTTP/1.1 200 OK\r\n\r\n") { url in
            try await withClient { client in
                let secure = url.replacing("http://", with: "https://")
                let error = await failure { try await client.send(HTTPRequest(.get, secure)) }
                guard case .tls = error?.kind else { throw Unexpected(error) }
                #expect(error?.outcome == .notSent)
            }
        }
    }

    @Test func connectingThatHangsEndsAtTheConnectTimeout() async throws {
        try await withClient(
            {
                var configuration = HTTPConfiguration.local
                configuration.connectTimeout = .milliseconds(50)
                return configuration
            }()
        ) { client in
            // TEST-NET-1 (RFC 5737) is routed nowhere: connecting hangs, or fails at once where there is no route.
            let error = await failure { try await client.send(HTTPRequest(.get, "http://192.0.2.1:9/")) }
            switch error?.kind {
            case .timeout(.connect), .connect: break
            default: throw Unexpected(error)
            }
            #expect(error?.outcome == .notSent)
        }
    }

    private func freePort() async throws -> Int {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        defer { server.close(promise: nil) }
        guard let port = server.localAddress?.port else { throw Unexpected("no port") }
        try await server.close()
        return port
    }
}
