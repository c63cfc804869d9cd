import HoldfastRedis
import NIOCore

/// One stream, between its owner and the real one.
final class FaultyStream: ByteStream, ByteStreamEvents, @unchecked Sendable {
    // @unchecked: lives on its strand; what comes from elsewhere goes there first.
    private let strand: any Strand
    private let link: FaultyLink
    private let counts: TransportCounts
    /// Nil when the owner has been told of the end.
    private var owner: (any ByteStreamEvents)?
    private var base: (any ByteStream)?
    private var requests: [ByteBuffer] = []
    private var replies: [ByteBuffer] = []
    private var isBroken = false
    private var isOver = false
    private var closesWhenDelivered = false

    init(_ strand: any Strand, _ link: FaultyLink, _ owner: any ByteStreamEvents, _ counts: TransportCounts) {
        self.strand = strand
        self.link = link
        self.owner = owner
        self.counts = counts
        counts.streams.add(1)
    }

    // MARK: - What tests do, from anywhere

    func breakOff() {
        strand.execute {
            self.isBroken = true
            self.base?.close()
        }
    }

    func deliver() {
        strand.execute {
            for bytes in self.requests { self.base?.write(bytes) }
            self.requests = []
            if self.closesWhenDelivered { self.base?.close() }
            for bytes in self.replies { self.owner?.received(bytes) }
            self.replies = []
        }
    }

    // MARK: - What the owner does

    func write(_ bytes: ByteBuffer) {
        Step.take()
        if link.holdsRequests || !requests.isEmpty { requests.append(bytes) } else { base?.write(bytes) }
    }

    var isWritable: Bool { base?.isWritable ?? false }

    func close() {
        // What is on its way arrives although its sender has gone.
        guard !requests.isEmpty, !isBroken else { return base?.close() ?? () }
        closesWhenDelivered = true
        tellOwner(nil)
    }

    // MARK: - What the real stream reports

    func opened(_ stream: any ByteStream) {
        base = stream
        guard !isBroken else { return stream.close() }
        owner?.opened(self)
    }

    func received(_ bytes: ByteBuffer) {
        if link.holdsReplies || !replies.isEmpty { return replies.append(bytes) }
        Step.take()
        owner?.received(bytes)
        Step.take()
    }

    func writabilityChanged() { owner?.writabilityChanged() }

    func closed(_ reason: String?) {
        guard !isOver else { return }
        isOver = true
        base = nil
        link.remove(self)
        counts.streams.add(-1)
        tellOwner(reason)
    }

    private func tellOwner(_ reason: String?) {
        let owner = self.owner
        self.owner = nil
        owner?.closed(reason)
    }
}
