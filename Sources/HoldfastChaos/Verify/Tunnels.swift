import Foundation
import HoldfastRedis
import HoldfastRuntime
import NIOCore
import NIOPosix
import Synchronization

/// Ports of this machine behind which servers are that speak TLS or listen on a socket file: links stand before plain
/// TCP only, and adapters need not know certificates. While they stand, whoever may use this machine may use them.
final class Tunnels: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let tls: NIOTransport.TLSProvider?
    private let listeners = Mutex<[any Channel]>([])

    /// - Parameter tls: Protects the connections to `rediss://` servers.
    init(tls: NIOTransport.TLSProvider?) {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        self.tls = tls
    }

    /// Whether a server can be reached as it is.
    static func isPlain(_ configuration: RedisConfiguration) -> Bool {
        if case .tcp = configuration.address { !configuration.secure } else { false }
    }

    /// The URL under which a server is reached by plain TCP: its own, or that of a new tunnel.
    /// - Throws: ``ChaosError``, `RedisError`, or what the system says when there is no free port.
    func url(for url: String) async throws -> String {
        let configuration = try RedisConfiguration(url: url)
        if Self.isPlain(configuration) { return url }
        let port = try await listen(for: configuration)
        var parts = URLComponents()
        parts.scheme = "redis"
        parts.user = configuration.username
        parts.password = configuration.password
        parts.host = "127.0.0.1"
        parts.port = port
        parts.path = "/\(configuration.database)"
        guard let plain = parts.string else { throw ChaosError("the URL of \(configuration) cannot be written") }
        return plain
    }

    private func listen(for configuration: RedisConfiguration) async throws -> Int {
        let tls = configuration.secure ? self.tls : nil
        if configuration.secure && tls == nil { throw ChaosError("\(configuration) needs TLS settings") }
        let address = configuration.address
        let channel = try await ServerBootstrap(group: group)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { Self.join($0, to: address, tls) }
            .bind(host: "127.0.0.1", port: 0).get()
        listeners.withLock { $0.append(channel) }
        guard let port = channel.localAddress?.port else { throw ChaosError("a tunnel has no port") }
        return port
    }

    private static func join(
        _ client: any Channel, to address: RedisAddress, _ tls: NIOTransport.TLSProvider?
    ) -> EventLoopFuture<Void> {
        let bootstrap = ClientBootstrap(group: client.eventLoop)
            .channelOption(.autoRead, value: false)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try tls(channel, address.serverName) }
                }
            }
        let server: EventLoopFuture<any Channel> =
            switch address {
            case .tcp(let host, let port): bootstrap.connect(host: host, port: port)
            case .unix(let path): bootstrap.connect(unixDomainSocketPath: path)
            }
        return server.flatMap { server in
            client.eventLoop.makeCompletedFuture {
                try client.pipeline.syncOperations.addHandler(Half(to: server))
                try server.pipeline.syncOperations.addHandler(Half(to: client))
            }.flatMap { client.setOption(.autoRead, value: true).and(server.setOption(.autoRead, value: true)) }
        }.map { _ in }.flatMapError { _ in
            // The server is down: so it seems to the client.
            client.close().flatMapErrorThrowing { _ in }
        }
    }

    func close() async {
        for listener in listeners.withLock({ $0 }) { try? await listener.close() }
        try? await group.shutdownGracefully()
    }

    /// Hands on what one side sends, and its end. Both sides are on one event loop.
    private final class Half: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer

        private let other: any Channel

        init(to other: any Channel) { self.other = other }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            other.writeAndFlush(unwrapInboundIn(data), promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
