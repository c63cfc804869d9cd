import HoldfastRuntime
public import NIOCore
import NIOPosix

/// Sockets by SwiftNIO: TCP and Unix domain, with TLS when a provider is given.
public struct NIOTransport: ByteTransport {
    /// Adds a TLS handler for `serverName` to a new channel; `HoldfastRedisTLS` offers one.
    public typealias TLSProvider = @Sendable (_ channel: any Channel, _ serverName: String?) throws -> Void

    private let group: any EventLoopGroup
    private let tls: TLSProvider?

    /// - Parameters:
    ///   - tls: Needed for `rediss://`; without it such an address fails with a sentence that says so.
    ///   - group: The event loops; by default the process's shared ones, one a core.
    public init(tls: TLSProvider? = nil, group: (any EventLoopGroup)? = nil) {
        self.group = group ?? MultiThreadedEventLoopGroup.singleton
        self.tls = tls
    }

    public func makeStrand() -> any Strand { NIOStrand(group.next()) }

    public func open(
        _ address: RedisAddress, secure: Bool, timeout: Duration, on strand: any Strand,
        events: any ByteStreamEvents
    ) {
        guard let strand = strand as? NIOStrand else {
            preconditionFailure("a NIOTransport opens streams only on strands that it made")
        }
        let tls = self.tls
        if secure && tls == nil {
            strand.execute { events.closed("this address needs TLS: pass NIOTransport(tls:) from HoldfastRedisTLS") }
            return
        }
        let bootstrap = ClientBootstrap(group: strand.loop)
            .connectTimeout(.nanoseconds(timeout.nanoseconds))
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if secure, let tls { try tls(channel, address.serverName) }
                    try channel.pipeline.syncOperations.addHandler(StreamHandler(events))
                }
            }
        let attempt: EventLoopFuture<any Channel>
        switch address {
        case .tcp(let host, let port):
            attempt = bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1).connect(host: host, port: port)
        case .unix(let path):
            attempt = bootstrap.connect(unixDomainSocketPath: path)
        }
        attempt.whenFailure { error in events.closed(Self.sentence(for: error)) }
    }

    private static func sentence(for error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if let cause = error.connectionErrors.first?.error { return sentence(for: cause) }
            if let cause = error.dnsAError ?? error.dnsAAAAError { return "the name does not resolve: \(cause)" }
            return "cannot connect"
        case let error as IOError: return error.description
        case ChannelError.connectTimeout: return "no answer to the connection attempt in time"
        default: return String(describing: error)
        }
    }
}

/// Passes a channel's bytes and its end to the stream's owner.
private final class StreamHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let events: any ByteStreamEvents
    private var failure: String?

    init(_ events: any ByteStreamEvents) { self.events = events }

    // With TLS, channelActive is forwarded after the handshake has begun; what is written meanwhile is held back.
    func channelActive(context: ChannelHandlerContext) { events.opened(NIOByteStream(context.channel)) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { events.received(unwrapInboundIn(data)) }

    func channelWritabilityChanged(context: ChannelHandlerContext) { events.writabilityChanged() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if failure == nil { failure = String(describing: error) }
        context.close(promise: nil)
    }

    // A channel that never became active reports through the connect future instead.
    func channelInactive(context: ChannelHandlerContext) { events.closed(failure) }
}

private final class NIOByteStream: ByteStream {
    private let channel: any Channel

    init(_ channel: any Channel) { self.channel = channel }

    func write(_ bytes: ByteBuffer) { channel.writeAndFlush(bytes, promise: nil) }

    var isWritable: Bool { channel.isWritable }

    func close() { channel.close(promise: nil) }
}
