public import HoldfastRedis
import HoldfastRuntime
import NIOCore
import Synchronization

/// Real sockets whose traffic a test holds up or cuts, server by server, and counts.
///
/// What is held is not lost: like packets that are retransmitted it arrives later, also after its sender has gone.
public final class FaultyTransport: ByteTransport {
    private let base = NIOTransport()
    private let links = Mutex<[RedisAddress: FaultyLink]>([:])
    let counts = TransportCounts()

    public init() {}

    /// Streams that are open or being opened.
    public var streams: Int { counts.streams.value }

    /// What comes between this client and one server.
    public func link(to address: RedisAddress) -> FaultyLink {
        links.withLock { links in
            if let link = links[address] { return link }
            let link = FaultyLink()
            links[address] = link
            return link
        }
    }

    public func makeStrand() -> any Strand { CountingStrand(base.makeStrand()) }

    public func open(
        _ address: RedisAddress, secure: Bool, timeout: Duration, on strand: any Strand,
        events: any ByteStreamEvents
    ) {
        guard let strand = strand as? CountingStrand else {
            preconditionFailure("a FaultyTransport opens streams only on strands that it made")
        }
        let link = link(to: address)
        guard !link.isCut else { return strand.base.execute { events.closed("cut by the test") } }
        let stream = FaultyStream(strand.base, link, events, counts)
        link.add(stream)
        base.open(address, secure: secure, timeout: timeout, on: strand.base, events: stream)
    }
}

/// What a transport has under way.
final class TransportCounts: Sendable {
    let streams = Count()
}
