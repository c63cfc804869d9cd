public import NIOCore

/// Where bytes travel: sockets live, queues in a simulation. The seam is physical only; all protocol logic is above it.
public protocol ByteTransport: Sendable {
    /// A serial context for one client's connections and timers.
    func makeStrand() -> any Strand

    /// Opens a stream to `address`. Reports to `events`, always on `strand`: `opened` and later `closed`, or only
    /// `closed`. Exactly one `closed` ends every attempt, within `timeout` when nobody answers.
    func open(
        _ address: RedisAddress, secure: Bool, timeout: Duration, on strand: any Strand,
        events: any ByteStreamEvents)
}

/// A serial executor with timers: everything that a connection does happens on one.
public protocol Strand: AnyObject, Sendable {
    /// Runs `work` later on the strand, in the order of the calls.
    func execute(_ work: @escaping @Sendable () -> Void)

    /// Runs `work` once on the strand, not before `delay` has passed.
    func schedule(after delay: Duration, _ work: @escaping @Sendable () -> Void) -> any StrandTimer

    /// Whether the caller is on the strand now.
    var isCurrent: Bool { get }

    /// For our own loops only: a task that prefers this executor talks to its connections without a thread hop.
    /// Anything that blocks here stalls every connection of the strand; user code never runs on it.
    var executor: any TaskExecutor { get }
}

public protocol StrandTimer: Sendable {
    /// Prevents a run that has not begun. May be called from anywhere, more than once.
    func cancel()
}

/// One open stream of bytes. All calls come from its strand.
public protocol ByteStream: AnyObject, Sendable {
    /// Hands over bytes and flushes them.
    func write(_ bytes: ByteBuffer)

    /// False while the peer does not take what was written; `writabilityChanged` tells when that ends.
    var isWritable: Bool { get }

    /// Ends the stream; `closed` follows.
    func close()
}

/// What a stream reports, on its strand.
public protocol ByteStreamEvents: AnyObject, Sendable {
    func opened(_ stream: any ByteStream)
    func received(_ bytes: ByteBuffer)
    func writabilityChanged()
    /// - Parameter reason: A sentence; nil for an orderly end of stream.
    func closed(_ reason: String?)
}
