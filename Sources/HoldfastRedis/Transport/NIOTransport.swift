import Glibc
import HoldfastRuntime
public import NIOCore
import NIOPosix
import NIOTLS
import Synchronization

/// Sockets by SwiftNIO: TCP and Unix domain, with TLS when a provider is given.
public struct NIOTransport: ByteTransport {
    /// Adds a TLS handler for `serverName` to a new channel; `HoldfastRedisTLS` offers one.
    public typealias TLSProvider = @Sendable (_ channel: any Channel, _ serverName: String?) throws -> Void

    private let group: any EventLoopGroup
    private let tls: TLSProvider?
    private let written = WriteCounter()

    /// - Parameters:
    ///   - tls: Needed for `rediss://`; without it such an address fails with a sentence that says so.
    ///   - group: The event loops; by default the process's shared ones, one a core.
    public init(tls: TLSProvider? = nil, group: (any EventLoopGroup)? = nil) {
        self.group = group ?? MultiThreadedEventLoopGroup.singleton
        self.tls = tls
    }

    /// How often its streams have handed bytes to a socket so far: one system call each while the peers keep up.
    public var writes: Int { written.count.load(ordering: .relaxed) }

    public func makeStrand() -> any Strand { NIOStrand(group.next()) }

    public func open(
        _ address: RedisAddress, secure: Bool, timeout: Duration, on strand: any Strand,
        events: any ByteStreamEvents
    ) {
        guard let strand = strand as? NIOStrand else {
            preconditionFailure("a NIOTransport opens streams only on strands that it made")
        }
        let tls = secure ? self.tls : nil
        if let problem = Self.problem(address, secure: secure, tls: tls) {
            strand.execute { events.closed(problem) }
            return
        }
        // A little before the owner gives up, who could not say what was missing.
        let deadline = NIODeadline.now() + .nanoseconds(timeout.nanoseconds / 10 * 9)
        let bootstrap = ClientBootstrap(group: strand.loop)
            .connectTimeout(.nanoseconds(timeout.nanoseconds))
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { [written] channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try tls(channel, address.serverName) }
                    try channel.pipeline.syncOperations.addHandler(
                        StreamHandler(tlsDeadline: tls == nil ? nil : deadline, counter: written))
                }
            }
        let attempt: EventLoopFuture<any Channel>
        switch address {
        case .tcp(let host, let port):
            attempt = bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1).connect(host: host, port: port)
        case .unix(let path):
            attempt = bootstrap.connect(unixDomainSocketPath: path)
        }
        attempt.hop(to: strand.loop).whenComplete { result in
            do {
                let channel = try result.get()
                try channel.pipeline.syncOperations.handler(type: StreamHandler.self).report(to: events)
            } catch {
                events.closed(ConnectFailure.sentence(for: error))
            }
        }
    }

    /// Why there is no use in trying.
    private static func problem(_ address: RedisAddress, secure: Bool, tls: TLSProvider?) -> String? {
        if secure && tls == nil { return "this address needs TLS: pass NIOTransport(tls:) from HoldfastRedisTLS" }
        if case .tcp(_, let port) = address, !(1...65535).contains(port) { return "the port is not in 1...65535" }
        return nil
    }
}

/// Passes a channel's bytes and its end to the stream's owner, once the channel is the chosen one.
///
/// A host with several addresses is tried with several channels at a time, of which one is chosen: only that one may
/// report. With TLS it is open when the peer has proved its identity.
private final class StreamHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private enum Stage {
        case connecting
        case open
        case closed
    }

    /// Until when the peer must have proved its identity; nil without TLS.
    private let tlsDeadline: NIODeadline?
    private var handshakeTimer: Scheduled<Void>?
    private var context: ChannelHandlerContext?
    private var events: (any ByteStreamEvents)?
    private var stage = Stage.connecting
    /// What arrived before the owner was known.
    private var early: [ByteBuffer] = []
    private var failure: String?
    private let counter: WriteCounter

    init(tlsDeadline: NIODeadline?, counter: WriteCounter) {
        self.tlsDeadline = tlsDeadline
        self.counter = counter
    }

    private var awaitsTLS: Bool { tlsDeadline != nil }

    func report(to events: any ByteStreamEvents) {
        self.events = events
        switch stage {
        case .connecting: break
        case .open: reportOpen()
        case .closed: events.closed(failure)
        }
    }

    private func reportOpen() {
        guard let events, let context else { return }
        events.opened(NIOByteStream(context.channel, counter, isPlain: !awaitsTLS))
        let bytes = early
        early = []
        for buffer in bytes { events.received(buffer) }
    }

    private func open() {
        guard stage == .connecting else { return }
        stage = .open
        handshakeTimer?.cancel()
        reportOpen()
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        guard let tlsDeadline else { return open() }
        handshakeTimer = context.eventLoop.assumeIsolated().scheduleTask(deadline: tlsDeadline) { [weak self] in
            guard let self, self.stage == .connecting, let context = self.context else { return }
            self.failure = "the server did not answer the TLS handshake in time: it may not speak TLS on this port"
            context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if awaitsTLS, case .handshakeCompleted = event as? TLSUserEvent { open() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        if let events { events.received(bytes) } else { early.append(bytes) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if stage == .open { events?.writabilityChanged() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if failure == nil { failure = ConnectFailure.sentence(for: error) }
        context.close(promise: nil)
    }

    // A channel that never became active reports through the connect future instead.
    func channelInactive(context: ChannelHandlerContext) {
        if stage == .connecting && awaitsTLS && failure == nil { failure = "the server broke the TLS handshake off" }
        stage = .closed
        handshakeTimer?.cancel()
        events?.closed(failure)
    }
}

/// Hands bytes to the socket itself, and only what the socket does not take at once to the channel: its way from the
/// pipeline's end to the same system call costs a third as much as the call. Everything happens on the channel's loop.
private final class NIOByteStream: ByteStream, @unchecked Sendable {
    private let channel: any Channel
    private let counter: WriteCounter
    /// Nil where the bytes must pass the channel's handlers, as with TLS.
    private let socket: NIOBSDSocket.Handle?
    /// What the channel has not written yet: what follows must queue behind it.
    private var queued = 0

    init(_ channel: any Channel, _ counter: WriteCounter, isPlain: Bool) {
        self.channel = channel
        self.counter = counter
        let pipeline = channel.pipeline.syncOperations
        let socket = try? pipeline.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 }
        self.socket = isPlain ? socket : nil
    }

    func write(_ bytes: ByteBuffer) {
        counter.count.add(1, ordering: .relaxed)
        var rest = bytes
        // An active channel's socket is open: it is closed and made inactive in one step of the loop.
        if queued == 0, let socket, channel.isActive {
            let sent = bytes.withUnsafeReadableBytes { send(socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            if sent == bytes.readableBytes { return }
            // A failure other than a full buffer comes back to the channel, which knows what to do.
            if sent > 0 { rest.moveReaderIndex(forwardBy: sent) }
        }
        queued += 1
        channel.writeAndFlush(rest).whenComplete { _ in self.queued -= 1 }
    }

    var isWritable: Bool { channel.isWritable }

    func close() { channel.close(promise: nil) }
}

/// One for all streams of a transport.
private final class WriteCounter: Sendable {
    let count = Atomic<Int>(0)
}
