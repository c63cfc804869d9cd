import Glibc
import NIOCore

/// One connection through a link: the client's half, the server's half, and what is on its way between them.
///
/// In each direction pieces leave in the order in which they came, whatever faults come and go meanwhile.
final class LinkPair: @unchecked Sendable {
    // @unchecked: lives on the event loop of both halves.

    private struct Flow {
        /// Waits for the link to be healed.
        var held: [ByteBuffer] = []
        /// On its way, each with when it may leave: not before those ahead of it.
        var queue: [(moment: NIODeadline, bytes: ByteBuffer)] = []
        var isScheduled = false
        var isEmpty: Bool { held.isEmpty && queue.isEmpty }
    }

    private let client: any Channel
    private let server: any Channel
    private let loop: any EventLoop
    private var request = Flow()
    private var reply = Flow()
    private var isHoled = false
    private var clientIsGone = false
    private var serverIsGone = false

    /// - Parameters:
    ///   - client: On the same event loop as the server's half.
    init(client: any Channel, server: any Channel) {
        precondition(client.eventLoop === server.eventLoop, "both halves of a pair share an event loop")
        self.client = client
        self.server = server
        loop = client.eventLoop
    }

    private subscript(direction: LinkFault.Direction) -> Flow {
        get { direction == .request ? request : reply }
        set { if direction == .request { request = newValue } else { reply = newValue } }
    }

    /// Delivers a piece after `delay`, and after those that came before.
    func deliver(_ bytes: ByteBuffer, _ direction: LinkFault.Direction, after delay: TimeAmount) {
        loop.preconditionInEventLoop()
        let moment = loop.now + delay
        self[direction].queue.append((max(moment, self[direction].queue.last?.moment ?? moment), bytes))
        drain(direction)
    }

    /// Sends what may leave by now, in order, and comes back for the rest.
    private func drain(_ direction: LinkFault.Direction) {
        let target = direction == .request ? server : client
        let now = loop.now
        while let first = self[direction].queue.first, first.moment <= now {
            self[direction].queue.removeFirst()
            target.writeAndFlush(first.bytes, promise: nil)
        }
        if let next = self[direction].queue.first, !self[direction].isScheduled {
            self[direction].isScheduled = true
            loop.scheduleTask(deadline: next.moment) {
                self[direction].isScheduled = false
                self.drain(direction)
            }
        }
        closeHalves()
    }

    func hold(_ bytes: ByteBuffer, _ direction: LinkFault.Direction) { self[direction].held.append(bytes) }

    /// From here on the stream has a hole, and cannot be used any more once bytes pass again.
    func lose() { isHoled = true }

    /// The link has changed: what was held goes on its way unless `fault` holds it too.
    /// - Returns: Whether the connection had to be reset.
    func heal(_ fault: LinkFault?) -> Bool {
        loop.preconditionInEventLoop()
        if isHoled {
            reset()
            return true
        }
        for direction in [LinkFault.Direction.request, .reply] where fault?.treatment(of: direction) != .hold {
            let held = self[direction].held
            self[direction].held = []
            for bytes in held { deliver(bytes, direction, after: .zero) }
        }
        closeHalves()
        return false
    }

    /// One half has ended. The other goes on as long as something is on its way to it: a request whose sender has given
    /// up still arrives.
    func ended(_ half: any Channel) {
        if half === client { clientIsGone = true } else { serverIsGone = true }
        closeHalves()
    }

    private func closeHalves() {
        if clientIsGone && request.isEmpty { server.close(promise: nil) }
        if serverIsGone && reply.isEmpty { client.close(promise: nil) }
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
