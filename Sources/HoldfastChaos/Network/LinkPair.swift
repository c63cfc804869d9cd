import Glibc
import NIOCore
import Synchronization

/// One connection through a link: the client's half, the server's half, and what is on its way between them.
final class LinkPair: Sendable {
    private struct Flow {
        /// Waits for the link to be healed.
        var held: [ByteBuffer] = []
        /// When the newest delayed piece is delivered: none may overtake it.
        var tail: NIODeadline = .uptimeNanoseconds(0)
    }

    private struct State {
        var request = Flow()
        var reply = Flow()
        var isHoled = false
        var clientIsGone = false
        var serverIsGone = false

        subscript(direction: LinkFault.Direction) -> Flow {
            get { direction == .request ? request : reply }
            set { if direction == .request { request = newValue } else { reply = newValue } }
        }
    }

    let client: any Channel
    let server: any Channel
    private let state = Mutex(State())

    init(client: any Channel, server: any Channel) {
        self.client = client
        self.server = server
    }

    private func target(_ direction: LinkFault.Direction) -> any Channel { direction == .request ? server : client }

    /// Delivers a piece after `delay`, and after those that came before.
    func deliver(_ bytes: ByteBuffer, _ direction: LinkFault.Direction, after delay: TimeAmount) {
        let target = target(direction)
        let now = target.eventLoop.now
        let moment = state.withLock { state in
            let moment = max(state[direction].tail, now + delay)
            state[direction].tail = moment
            return moment
        }
        if moment <= now {
            target.writeAndFlush(bytes, promise: nil)
        } else {
            target.eventLoop.scheduleTask(deadline: moment) { target.writeAndFlush(bytes, promise: nil) }
        }
    }

    func hold(_ bytes: ByteBuffer, _ direction: LinkFault.Direction) {
        state.withLock { $0[direction].held.append(bytes) }
    }

    /// From here on the stream has a hole, and cannot be used any more once bytes pass again.
    func lose() { state.withLock { $0.isHoled = true } }

    /// The link has changed: what was held goes on its way unless `fault` holds it too.
    /// - Returns: Whether the connection had to be reset.
    func heal(_ fault: LinkFault?) -> Bool {
        if state.withLock({ $0.isHoled }) {
            reset()
            return true
        }
        for direction in [LinkFault.Direction.request, .reply] where fault?.treatment(of: direction) != .hold {
            let held = state.withLock { state in
                defer { state[direction].held = [] }
                return state[direction].held
            }
            for bytes in held { deliver(bytes, direction, after: .zero) }
        }
        closeHalves()
        return false
    }

    /// One half has ended. The other goes on as long as something is held for it: a request whose sender has given up
    /// still arrives.
    func ended(_ half: any Channel) {
        state.withLock { state in
            if half === client { state.clientIsGone = true } else { state.serverIsGone = true }
        }
        closeHalves()
    }

    private func closeHalves() {
        let (closesServer, closesClient, last) = state.withLock { state in
            (
                state.clientIsGone && state.request.held.isEmpty, state.serverIsGone && state.reply.held.isEmpty,
                max(state.request.tail, state.reply.tail)
            )
        }
        // After the last delayed piece.
        if closesServer { server.eventLoop.scheduleTask(deadline: last) { [server] in server.close(promise: nil) } }
        if closesClient { client.eventLoop.scheduleTask(deadline: last) { [client] in client.close(promise: nil) } }
    }

    /// Ends both halves at once, with a reset.
    func reset() {
        for half in [client, server] { LinkPair.reset(half) }
    }

    static func reset(_ channel: any Channel) {
        // Without lingering the kernel sends RST instead of FIN.
        let isSet =
            (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
            ?? channel.eventLoop.makeSucceededVoidFuture()
        isSet.whenComplete { _ in channel.close(promise: nil) }
    }
}
