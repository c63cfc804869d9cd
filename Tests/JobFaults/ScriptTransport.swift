import Foundation
public import HoldfastRedis
import NIOCore

/// Real sockets that tell which script's call passes, so that a test can strike at exactly that moment.
public final class ScriptTransport: ByteTransport {
    private let base = NIOTransport()
    private let scripts: [RedisScript]
    private let observe: @Sendable (String, Moment) -> Void

    /// - Parameter observe: Gets a script's name and where its call is. Called on the connection's strand, and may
    ///   end the process, or the server.
    public init(_ scripts: [RedisScript], observe: @escaping @Sendable (String, Moment) -> Void) {
        self.scripts = scripts
        self.observe = observe
    }

    public func makeStrand() -> any Strand { base.makeStrand() }

    public func open(
        _ address: RedisAddress, secure: Bool, timeout: Duration, on strand: any Strand, events: any ByteStreamEvents
    ) {
        let stream = TappedStream(events, names: names, observe: observe)
        base.open(address, secure: secure, timeout: timeout, on: strand, events: stream)
    }

    /// The scripts whose calls are in `bytes`, found by their digests.
    private func names(in bytes: ByteBuffer) -> [String] {
        let data = bytes.withUnsafeReadableBytes { Data($0) }
        func holds(_ text: String) -> Bool { data.range(of: Data(text.utf8)) != nil }
        guard holds("EVALSHA") else { return [] }
        return scripts.filter { $0.digest.map(holds) ?? false }.map(\.name)
    }
}

private final class TappedStream: ByteStream, ByteStreamEvents, @unchecked Sendable {
    // @unchecked: lives on its strand.
    private var owner: (any ByteStreamEvents)?
    private var base: (any ByteStream)?
    private var unanswered: [String] = []
    private let names: (ByteBuffer) -> [String]
    private let observe: @Sendable (String, Moment) -> Void

    init(
        _ owner: any ByteStreamEvents, names: @escaping (ByteBuffer) -> [String],
        observe: @escaping @Sendable (String, Moment) -> Void
    ) {
        self.owner = owner
        self.names = names
        self.observe = observe
    }

    // MARK: - What the owner does

    func write(_ bytes: ByteBuffer) {
        let called = names(bytes)
        for name in called { observe(name, .unsent) }
        base?.write(bytes)
        for name in called { observe(name, .sent) }
        unanswered += called
    }

    var isWritable: Bool { base?.isWritable ?? false }

    func close() { base?.close() }

    // MARK: - What the real stream reports

    func opened(_ stream: any ByteStream) {
        base = stream
        owner?.opened(self)
    }

    func received(_ bytes: ByteBuffer) {
        for name in unanswered { observe(name, .answered) }
        unanswered = []
        owner?.received(bytes)
    }

    func writabilityChanged() { owner?.writabilityChanged() }

    func closed(_ reason: String?) {
        base = nil
        let owner = self.owner
        self.owner = nil
        owner?.closed(reason)
    }
}
