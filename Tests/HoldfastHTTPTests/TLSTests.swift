import Foundation
import HoldfastHTTP
import Testing

/// Against `openssl s_server` with a certificate that no system trusts.
@Suite(.timeLimit(.minutes(1)), .enabled(if: OpenSSLServer.isInstalled, "needs openssl")) struct TLSTests {
    @Test func certificatesAreVerifiedByDefault() async throws {
        try await OpenSSLServer.run { port, _ in
            try await withClient { client in
                let error = await failure { try await client.send(HTTPRequest(.get, "https://127.0.0.1:\(port)/")) }
                guard case .tls = error?.kind else { throw Unexpected(error) }
                #expect(error?.outcome == .notSent)
            }
        }
    }

    @Test func aNamedAuthorityIsTrustedForItsHostOnly() async throws {
        try await OpenSSLServer.run { port, certificate in
            var configuration = HTTPConfiguration.local
            configuration.certificateAuthorities = certificate
            try await withClient(configuration) { client in
                let response = try await client.send(HTTPRequest(.get, "https://127.0.0.1:\(port)/"))
                #expect(response.status == 200)
                let error = await failure { try await client.send(HTTPRequest(.get, "https://localhost:\(port)/")) }
                guard case .tls = error?.kind else { throw Unexpected(error) }
            }
        }
    }
}

/// A TLS server of its own process on a free port, for 127.0.0.1 only.
private enum OpenSSLServer {
    private static let path = "/usr/bin/openssl"

    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: path) }

    static func run(_ body: @Sendable (_ port: Int, _ certificate: String) async throws -> Void) async throws {
        var template = Array(
            FileManager.default.temporaryDirectory.appending(path: "holdfast-tls-XXXXXX").path.utf8CString)
        guard let name = mkdtemp(&template) else { throw Unexpected("no temporary directory") }
        let directory = URL(filePath: String(cString: name))
        defer { try? FileManager.default.removeItem(at: directory) }
        let certificate = directory.appending(path: "cert.pem").path
        let key = directory.appending(path: "key.pem").path
        let maker = process([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
        ])
        try maker.run()
        maker.waitUntilExit()
        let server = process(["s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", key, "-www"])
        let output = Pipe()
        server.standardOutput = output
        try server.run()
        defer {
            // Started from a thread that blocks signals, the child inherits that: only SIGKILL reaches it.
            kill(server.processIdentifier, SIGKILL)
            server.waitUntilExit()
        }
        try await body(try port(from: output), certificate)
    }

    private static func process(_ arguments: [String]) -> Process {
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        return process
    }

    /// openssl prints `ACCEPT 127.0.0.1:PORT` when it listens.
    private static func port(from output: Pipe) throws -> Int {
        var text = ""
        while true {
            let piece = output.fileHandleForReading.availableData
            if piece.isEmpty { throw Unexpected("openssl did not start: \(text)") }
            text += String(decoding: piece, as: UTF8.self)
            if let match = text.firstMatch(of: /ACCEPT 127\.0\.0\.1:(\d+)\s/), let port = Int(match.1) { return port }
        }
    }
}
