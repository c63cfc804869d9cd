public import HoldfastRedis
import NIOCore
import NIOSSL

/// How connections to `rediss://` addresses are protected.
///
/// By default the server must present a certificate that a root of the system's trust store vouches for and that
/// names the address; TLS 1.2 is the oldest version that is spoken. An IP address as host must be named in the
/// certificate as such.
public struct RedisTLS: Sendable, Hashable {
    public enum Trust: Sendable, Hashable {
        /// The roots that the operating system trusts.
        case system
        /// Only the authorities in this PEM file: for a private authority.
        case authorities(file: String)
        /// **Anybody at all.** The stream is encrypted, but whoever answers may be an attacker who reads the
        /// password and every command. For experiments only.
        case dangerouslyTrustAnyServer
    }

    /// What this client shows when the server asks who it is.
    public struct Identity: Sendable, Hashable {
        /// PEM: the client's certificate, followed by those that lead to its authority.
        public var certificateFile: String
        /// PEM: the private key, without a pass phrase.
        public var keyFile: String

        public init(certificateFile: String, keyFile: String) {
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    public var trust: Trust
    public var identity: Identity?
    /// The name that is asked for (SNI) and that the certificate must show, when it is not the address's host.
    public var serverName: String?

    public init(trust: Trust = .system, identity: Identity? = nil, serverName: String? = nil) {
        self.trust = trust
        self.identity = identity
        self.serverName = serverName
    }

    /// Reads the files, once, for any number of connections.
    /// - Throws: ``RedisError`` with `invalidConfiguration`; the message names the file.
    public func makeProvider() throws(RedisError) -> NIOTransport.TLSProvider {
        let context = try makeContext()
        let override = serverName
        return { channel, host in
            let name = override ?? host
            // An IP address cannot be asked for by name; the certificate is then held against the peer's address.
            let asked = name.flatMap { (try? SocketAddress(ipAddress: $0, port: 0)) == nil ? $0 : nil }
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: asked))
            try pipeline.addHandler(TLSErrorHandler())
        }
    }

    private func makeContext() throws(RedisError) -> NIOSSLContext {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        switch trust {
        case .system: break
        case .authorities(let file):
            tls.trustRoots = .certificates(
                try Self.load(file, "certificates of authorities") { try NIOSSLCertificate.fromPEMFile($0) })
        case .dangerouslyTrustAnyServer: tls.certificateVerification = .none
        }
        if let identity {
            let chain = try Self.load(identity.certificateFile, "the client's certificate") {
                try NIOSSLCertificate.fromPEMFile($0)
            }
            let key = try Self.load(identity.keyFile, "the client's key") {
                try NIOSSLPrivateKey(file: $0, format: .pem)
            }
            tls.certificateChain = chain.map { .certificate($0) }
            tls.privateKey = .privateKey(key)
        }
        do {
            return try NIOSSLContext(configuration: tls)
        } catch {
            let problem = TLSFailure.sentence(for: error)
            throw RedisError(.invalidConfiguration, .notSent, "the TLS settings are not usable: \(problem)")
        }
    }

    private static func load<Part>(
        _ file: String, _ what: String, _ read: (String) throws -> Part
    ) throws(RedisError) -> Part {
        do {
            return try read(file)
        } catch {
            throw RedisError(
                .invalidConfiguration, .notSent, "\(file) cannot be read as \(what): it must exist and be PEM")
        }
    }
}

extension NIOTransport {
    /// Sockets with TLS for `rediss://` addresses.
    /// - Throws: ``RedisError`` when a file of `tls` cannot be used.
    public init(_ tls: RedisTLS) throws(RedisError) { self.init(tls: try tls.makeProvider()) }
}
