import Foundation
import HoldfastProcess
import HoldfastRedis
import HoldfastRedisTLS
import RedisFixture
import TestWorld
import Testing

@Suite(.timeLimit(.minutes(2))) struct TLSTests {
    /// A private authority, a certificate for `localhost` and 127.0.0.1, one for a client, and a stranger authority.
    private func certificates() async throws -> String {
        let directory = try TemporaryDirectory().path
        try Data("subjectAltName=DNS:localhost,IP:127.0.0.1\n".utf8).write(to: URL(filePath: directory + "/names"))
        try Data("subjectAltName=DNS:elsewhere.example\n".utf8).write(to: URL(filePath: directory + "/other-names"))
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        for authority in ["ca", "stranger"] {
            try await openssl(
                [
                    "req", "-x509", "-days", "2", "-subj", "/CN=\(authority)", "-keyout", "\(authority).key", "-out",
                    "\(authority).pem",
                ]
                    + key, in: directory)
        }
        for (name, names) in [("server", "names"), ("client", "names"), ("elsewhere", "other-names")] {
            try await openssl(
                ["req", "-new", "-subj", "/CN=\(name)", "-keyout", "\(name).key", "-out", "\(name).csr"] + key,
                in: directory)
            try await openssl(
                [
                    "x509", "-req", "-days", "2", "-in", "\(name).csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                    "-CAcreateserial", "-extfile", names, "-out", "\(name).pem",
                ], in: directory)
        }
        return directory
    }

    private func openssl(_ arguments: [String], in directory: String) async throws {
        var command = Command("openssl", arguments)
        command.directory = directory
        command.output = .null
        command.error = .null
        let status = await (try ChildProcess.start(command)).wait()
        guard status.isSuccess else { throw FixtureError(description: "openssl \(arguments): \(status)") }
    }

    private func withServer(
        certificate: String = "server", clients: Bool = false, _ body: (RedisServer, String) async throws -> Void
    ) async throws {
        let directory = try await certificates()
        let arguments = [
            "--tls-cert-file", "\(directory)/\(certificate).pem", "--tls-key-file", "\(directory)/\(certificate).key",
            "--tls-ca-cert-file", directory + "/ca.pem", "--tls-auth-clients", clients ? "yes" : "no",
        ]
        try await RedisServer.with(tls: true, in: directory, arguments) { try await body($0, directory) }
    }

    /// The first event of a client: nil when it connected, otherwise why not.
    private func outcome(_ server: RedisServer, host: String = "localhost", _ tls: RedisTLS) async throws -> RedisError?
    {
        var configuration = RedisConfiguration(address: .tcp(host: host, port: server.port))
        configuration.secure = true
        let events = AsyncStream.makeStream(of: ConnectionEvent.self)
        let client = RedisClient(
            configuration, transport: try NIOTransport(tls), onEvent: { _ = events.continuation.yield($0) })
        var found: RedisError?
        loop: for await event in events.stream {
            switch event {
            case .connected:
                #expect(try await client.send(RedisCommand("PING")).text == "PONG")
                break loop
            case .attemptFailed(let error, _), .disconnected(let error):
                found = error
                break loop
            }
        }
        await client.close()
        return found
    }

    private func expectAccepted(_ error: RedisError?) { #expect(error == nil) }

    @Test func aTrustedServerWithTheRightNameIsAccepted() async throws {
        try await withServer { server, directory in
            let tls = RedisTLS(trust: .authorities(file: directory + "/ca.pem"))
            expectAccepted(try await outcome(server, tls))
            expectAccepted(try await outcome(server, host: "127.0.0.1", tls))
        }
    }

    @Test func anUnknownAuthorityIsRefusedByDefault() async throws {
        try await withServer { server, directory in
            for trust in [RedisTLS.Trust.system, .authorities(file: directory + "/stranger.pem")] {
                let error = try await outcome(server, RedisTLS(trust: trust))
                #expect(error?.code == .unreachable)
                #expect(error?.message.hasPrefix("the server's certificate is not trusted: no authority") == true)
            }
        }
    }

    @Test func anotherNameIsRefusedUnlessItIsExpected() async throws {
        try await withServer(certificate: "elsewhere") { server, directory in
            var tls = RedisTLS(trust: .authorities(file: directory + "/ca.pem"))
            for host in ["localhost", "127.0.0.1"] {
                let error = try await outcome(server, host: host, tls)
                #expect(error?.message.contains("does not name this host") == true, "\(String(describing: error))")
            }
            tls.serverName = "elsewhere.example"
            expectAccepted(try await outcome(server, tls))
        }
    }

    @Test func trustingAnybodyMustBeAskedFor() async throws {
        try await withServer(certificate: "elsewhere") { server, _ in
            expectAccepted(try await outcome(server, RedisTLS(trust: .dangerouslyTrustAnyServer)))
        }
    }

    @Test func aServerMayWantACertificate() async throws {
        try await withServer(clients: true) { server, directory in
            var tls = RedisTLS(trust: .authorities(file: directory + "/ca.pem"))
            let error = try await outcome(server, tls)
            #expect(
                error?.message.contains("wants a certificate from this client") == true, "\(String(describing: error))")
            tls.identity = .init(certificateFile: directory + "/client.pem", keyFile: directory + "/client.key")
            expectAccepted(try await outcome(server, tls))
        }
    }

    @Test func aServerWithoutTLSIsNamedAsSuch() async throws {
        try await RedisServer.with { server in
            let error = try await outcome(server, RedisTLS(trust: .dangerouslyTrustAnyServer))
            #expect(error?.code == .unreachable)
            #expect(error?.message.contains("TLS") == true, "\(String(describing: error))")
        }
    }

    @Test func unusableFilesAreNamed() async throws {
        let directory = try await certificates()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let missing = #expect(throws: RedisError.self) {
            try RedisTLS(trust: .authorities(file: "/nonexistent.pem")).makeProvider()
        }
        #expect(missing?.code == .invalidConfiguration && missing?.message.contains("/nonexistent.pem") == true)
        let mixed = RedisTLS.Identity(certificateFile: directory + "/client.pem", keyFile: directory + "/server.key")
        let error = #expect(throws: RedisError.self) { try RedisTLS(identity: mixed).makeProvider() }
        #expect(
            error?.message.contains("does not belong to the certificate") == true,
            "\(String(describing: error))")
    }
}
