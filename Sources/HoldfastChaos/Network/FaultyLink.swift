import Glibc
import HoldfastRuntime
import NIOCore
import NIOPosix
import Synchronization

/// A TCP proxy in front of one server for one client, which does to the bytes what it is told.
///
/// A hole in a stream cannot be mended: a connection that lost bytes is reset when its link is healed, as TCP itself
/// would give it up in the end.
final class FaultyLink: Sendable {
    /// What happened to the traffic since the link was made: whether a fault really struck.
    struct Counters: Sendable, Hashable {
        var connections = 0
        var resets = 0
        /// Attempts to connect that were refused, of those that were made to see it.
        var refusals = 0
        /// Pieces of the streams, as they were read.
        var passed = 0
        var delayed = 0
        var held = 0
        var dropped = 0

        /// How many pieces, or connections, met this fault.
        func struck(by fault: LinkFault) -> Int {
            switch fault.kind {
            case .delay: delayed
            case .stall, .lateRequests: held
            case .dropRequests, .dropReplies: dropped
            case .reset: resets
            case .refuse: refusals
            default: 0
            }
        }
    }

    private struct State {
        var fault: LinkFault?
        var counters = Counters()
        var pairs: [ObjectIdentifier: LinkPair] = [:]
    }

    private let target: (host: String, port: Int)
    /// All connections are served here, and faults come and go here: no piece sees half of a change.
    private let loop: any EventLoop
    private let runtime: any Runtime
    private let state = Mutex(State())
    /// Nil while who connects is refused.
    private let listener = Mutex<(any Channel)?>(nil)
    let reserve: PortReserve

    private init(
        to target: (host: String, port: Int), on loop: any EventLoop, _ reserve: PortReserve, runtime: any Runtime
    ) {
        self.target = target
        self.reserve = reserve
        self.loop = loop
        self.runtime = runtime
    }

    /// Listens on a free port of this machine, and connects to the server for each connection there.
    static func start(
        to host: String = "127.0.0.1", _ port: Int, on group: any EventLoopGroup, runtime: any Runtime
    ) async throws -> FaultyLink {
        let link = FaultyLink(to: (host, port), on: group.next(), try PortReserve(), runtime: runtime)
        try await link.listen()
        return link
    }

    private func listen() async throws {
        let channel = try await ServerBootstrap(group: loop)
            .serverChannelOption(.socketOption(NIOBSDSocket.Option(rawValue: SO_REUSEPORT)), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { self.accept($0) }
            .bind(host: "127.0.0.1", port: port).get()
        listener.withLock { $0 = channel }
    }

    /// Where its client connects to.
    var port: Int { reserve.port }

    var counters: Counters { state.withLock { $0.counters } }

    /// From its return on this happens to the bytes, nothing if nil; what an earlier fault held goes on its way, late,
    /// and before what comes later.
    /// - Throws: When it cannot listen again after a fault for which it had ceased to, and so refuses everybody.
    func set(_ fault: LinkFault?) async throws {
        let isRefusing = fault?.kind == .refuse
        if isRefusing { try? await listener.withLock { $0.take() }?.close() }
        // Fails only when the loop is shut down, and with it all connections.
        try? await loop.submit { self.change(to: fault) }.get()
        if !isRefusing, listener.withLock({ $0 == nil }) { try await listen() }
    }

    /// Connects to it as its client does, and counts if that is refused.
    func isRefusing() async -> Bool {
        do {
            let address = try SocketAddress(ipAddress: "127.0.0.1", port: port)
            try await ClientBootstrap(group: loop).connect(to: address).get().close()
            return false
        } catch let error as IOError where error.errnoCode == ECONNREFUSED {
            count { $0.refusals += 1 }
            return true
        } catch { return false }
    }

    private func change(to fault: LinkFault?) {
        let pairs = state.withLock { state in
            state.fault = fault
            return Array(state.pairs.values)
        }
        for pair in pairs {
            if fault?.cuts == true {
                pair.reset()
                count { $0.resets += 1 }
            } else if pair.heal(fault) {
                count { $0.resets += 1 }
            }
        }
    }

    func close() async {
        try? await listener.withLock { $0.take() }?.close()
        reserve.release()
        for pair in state.withLock({ Array($0.pairs.values) }) { pair.reset() }
    }

    private func count(_ change: (inout Counters) -> Void) { state.withLock { change(&$0.counters) } }

    private func accept(_ client: any Channel) -> EventLoopFuture<Void> {
        if isCut {
            count { $0.resets += 1 }
            LinkPair.reset(client)
            return client.eventLoop.makeSucceededVoidFuture()
        }
        count { $0.connections += 1 }
        return ClientBootstrap(group: loop)
            .channelOption(.autoRead, value: false)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .connect(host: target.host, port: target.port)
            .flatMap { server in self.join(client, server) }
            .flatMapError { _ in
                // The server is down: so it seems to the client.
                LinkPair.reset(client)
                return client.eventLoop.makeSucceededVoidFuture()
            }
    }

    private var isCut: Bool { state.withLock { $0.fault?.cuts == true } }

    private func join(_ client: any Channel, _ server: any Channel) -> EventLoopFuture<Void> {
        // Since it was accepted.
        if isCut {
            count { $0.resets += 1 }
            for half in [client, server] { LinkPair.reset(half) }
            return client.eventLoop.makeSucceededVoidFuture()
        }
        let pair = LinkPair(client: client, server: server)
        state.withLock { $0.pairs[ObjectIdentifier(pair)] = pair }
        for (half, direction) in [(client, LinkFault.Direction.request), (server, .reply)] {
            half.closeFuture.whenComplete { _ in
                pair.ended(half)
                if !client.isActive && !server.isActive {
                    self.state.withLock { _ = $0.pairs.removeValue(forKey: ObjectIdentifier(pair)) }
                }
            }
            do {
                try half.pipeline.syncOperations.addHandler(
                    Reader { bytes in self.relay(bytes, direction, of: pair) })
            } catch { return client.eventLoop.makeFailedFuture(error) }
        }
        return client.setOption(.autoRead, value: true).and(server.setOption(.autoRead, value: true)).map { _ in }
    }

    private func relay(_ bytes: ByteBuffer, _ direction: LinkFault.Direction, of pair: LinkPair) {
        let fault = state.withLock { $0.fault }
        switch fault?.treatment(of: direction) ?? .pass {
        case .pass:
            count { $0.passed += 1 }
            pair.deliver(bytes, direction, after: .zero)
        case .delay(let limit):
            count { $0.delayed += 1 }
            pair.deliver(bytes, direction, after: .nanoseconds(runtime.jitter(upTo: limit).nanoseconds))
        case .hold:
            count { $0.held += 1 }
            pair.hold(bytes, direction)
        case .drop:
            count { $0.dropped += 1 }
            pair.lose()
        }
    }

    /// Hands on what one half reads.
    private final class Reader: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer

        private let receive: @Sendable (ByteBuffer) -> Void

        init(_ receive: @escaping @Sendable (ByteBuffer) -> Void) { self.receive = receive }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { receive(unwrapInboundIn(data)) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
