import HoldfastRuntime
import Synchronization

/// Keeps one connection to one server: connects, shakes hands, and after a loss tries again for ever with jittered
/// back-off, until it is closed. Driven by the strand's callbacks; needs no task of its own.
final class Link: @unchecked Sendable {
    // @unchecked: everything marked "strand" is touched on the strand only; the rest is immutable or locked.

    private enum Phase {
        case connecting
        case ready(ReadyConnection)
        case closed
    }

    /// What any task may ask.
    private struct Shared {
        var phase = Phase.connecting
        var lastFailure: RedisError?
        /// Who waits for a connection, by order of arrival.
        var waiting: [Int: Promise<ReadyConnection>] = [:]
        var arrivals = 0

        mutating func takeWaiting() -> [Promise<ReadyConnection>] {
            defer { waiting = [:] }
            return waiting.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    /// An object, so that looking at it for every command copies one reference.
    final class ReadyConnection: Sendable {
        let pipeline: Pipeline
        let info: ServerInfo

        init(pipeline: Pipeline, info: ServerInfo) {
            self.pipeline = pipeline
            self.info = info
        }
    }

    let configuration: RedisConfiguration
    let strand: any Strand
    let transport: any ByteTransport
    let runtime: any Runtime
    let scripts: [RedisScript]
    private let shared = Mutex(Shared())
    private let onEvent: @Sendable (ConnectionEvent) -> Void
    /// Runs on the strand before anyone else may use a new connection.
    private let prepare: @Sendable (Pipeline) -> Void

    // strand
    private var attempt: Pipeline?
    private var backoff: Backoff
    /// When `attempt` became usable; nil before.
    private var readySince: Instant?
    private var timer: (any StrandTimer)?
    /// Who waits for the end of the last connection.
    private var closing: [Promise<Void>] = []

    init(
        _ configuration: RedisConfiguration, transport: any ByteTransport, runtime: any Runtime,
        strand: (any Strand)? = nil, scripts: [RedisScript], onEvent: @escaping @Sendable (ConnectionEvent) -> Void,
        prepare: @escaping @Sendable (Pipeline) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.transport = transport
        self.runtime = runtime
        self.scripts = scripts
        self.onEvent = onEvent
        self.prepare = prepare
        self.strand = strand ?? transport.makeStrand()
        backoff = Backoff(first: configuration.firstBackoff, maximum: configuration.maximumBackoff)
    }

    var server: String { configuration.address.description }

    func start() { strand.execute { self.connect() } }

    // Nobody holds the link any more, so nobody would ever end its connection.
    deinit {
        timer?.cancel()
        guard let pipeline = attempt else { return }
        let error = RedisError(.closed, .notSent, "the client is gone", server: server)
        strand.execute { pipeline.end(error) }
    }

    /// The connection if it stands now; otherwise why not, as a command that was not sent.
    func current() throws(RedisError) -> ReadyConnection {
        try shared.withLock { shared throws(RedisError) -> ReadyConnection in
            switch shared.phase {
            case .ready(let connection): return connection
            case .closed: throw closedError
            case .connecting: throw (shared.lastFailure ?? notConnected).asNotSent()
            }
        }
    }

    /// Waits for the connection, at most `patience`; then throws the last attempt's failure.
    func connection(patience: Duration) async throws(RedisError) -> ReadyConnection {
        let ready = try shared.withLock { shared throws(RedisError) -> ReadyConnection? in
            switch shared.phase {
            case .ready(let connection): return connection
            case .closed: throw closedError
            case .connecting: return nil
            }
        }
        if let ready { return ready }
        let promise = Promise<ReadyConnection>()
        guard let ticket = enqueue(promise) else { return try await connection(patience: patience) }
        let timer = strand.schedule(after: patience) { [weak self] in self?.giveUp(promise) }
        defer {
            timer.cancel()
            shared.withLock { $0.waiting[ticket] = nil }
        }
        return try await promise.wait(
            onCancel: RedisError(.cancelled, .notSent, "cancelled while connecting", server: server))
    }

    /// Nil when the phase changed meanwhile.
    private func enqueue(_ promise: Promise<ReadyConnection>) -> Int? {
        shared.withLock { shared in
            guard case .connecting = shared.phase else { return nil }
            shared.arrivals += 1
            shared.waiting[shared.arrivals] = promise
            return shared.arrivals
        }
    }

    private func giveUp(_ promise: Promise<ReadyConnection>) {
        let failure = shared.withLock { $0.lastFailure } ?? notConnected
        promise.resolve(.failure(failure.asNotSent()))
    }

    private var notConnected: RedisError { RedisError(.unreachable, .notSent, "not connected yet", server: server) }
    private var closedError: RedisError { RedisError(.closed, .notSent, "the client is closed", server: server) }

    // MARK: - On the strand

    private func connect() {
        guard case .connecting = shared.withLock({ $0.phase }) else { return }
        let pipeline = Pipeline(
            configuration, strand: strand, runtime: runtime,
            onOpen: { [weak self] in self?.shakeHands() },
            onEnd: { [weak self] error in self?.lost(error) })
        attempt = pipeline
        timer = strand.schedule(after: configuration.connectTimeout) { [weak pipeline] in pipeline?.giveUpConnecting() }
        transport.open(
            configuration.address, secure: configuration.secure, timeout: configuration.connectTimeout,
            on: strand, events: pipeline)
    }

    private func shakeHands() {
        guard let pipeline = attempt else { return }
        let handshake = HandshakeSink(Handshake(configuration, scripts: scripts)) { [weak self] verdict in
            switch verdict {
            case .pending: break
            case .ready(let info, _): self?.established(pipeline, info)
            case .refused(let error): pipeline.end(error)
            }
        }
        for (index, command) in handshake.commands.enumerated() {
            _ = pipeline.append(command, .sink(handshake, tag: index))
        }
    }

    private func established(_ pipeline: Pipeline, _ info: ServerInfo) {
        timer?.cancel()
        readySince = runtime.now
        prepare(pipeline)
        let connection = ReadyConnection(pipeline: pipeline, info: info)
        let waiting = shared.withLock { shared -> [Promise<ReadyConnection>]? in
            guard case .connecting = shared.phase else { return nil }
            shared.phase = .ready(connection)
            return shared.takeWaiting()
        }
        guard let waiting else { return pipeline.end(closedError) }
        onEvent(.connected(info))
        for promise in waiting { promise.resolve(.success(connection)) }
    }

    private func lost(_ error: RedisError) {
        timer?.cancel()
        attempt = nil
        // A server that takes connections only to drop them must not be asked again at once, for ever.
        if let readySince, readySince.duration(to: runtime.now) >= configuration.maximumBackoff { backoff.reset() }
        let wasReady = readySince != nil
        readySince = nil
        let isClosed = shared.withLock { shared in
            if case .closed = shared.phase { return true }
            shared.phase = .connecting
            shared.lastFailure = error
            return false
        }
        if isClosed { return reportClosed() }
        let pause = backoff.next(runtime)
        onEvent(wasReady ? .disconnected(error) : .attemptFailed(error, pause: pause))
        timer = strand.schedule(after: pause) { [weak self] in self?.connect() }
    }

    // MARK: - Closing

    /// Refuses new commands at once, lets unanswered ones finish for at most `grace`, then ends the connection.
    /// Returns when it has ended, for every caller; the last call's grace counts.
    func close(grace: Duration) async {
        let waiting = shared.withLock { shared in
            shared.phase = .closed
            return shared.takeWaiting()
        }
        for promise in waiting { promise.resolve(.failure(closedError)) }
        let done = Promise<Void>()
        strand.execute { self.drain(within: grace, done) }
        // Cancellation must not leave the connection behind: the strand finishes the closing by itself.
        try? await done.wait(onCancel: closedError)
    }

    /// Hands what is queued to the socket, also while the link is being closed. On the strand only.
    func flush() {
        assert(strand.isCurrent, "a link is flushed on its strand")
        attempt?.drain()
    }

    private func drain(within grace: Duration, _ done: Promise<Void>) {
        timer?.cancel()
        guard let pipeline = attempt else { return done.resolveVoid() }
        closing.append(done)
        // A handshake under way is nobody's command.
        guard readySince != nil, grace > .zero, pipeline.outstanding > 0 else { return pipeline.end(closedError) }
        let end: @Sendable () -> Void = { [weak pipeline, closedError] in pipeline?.end(closedError) }
        pipeline.onIdle = end
        timer = strand.schedule(after: grace, end)
    }

    // Behind the present call, so that every waiter of the pipeline is answered first.
    private func reportClosed() {
        let closing = self.closing
        self.closing = []
        strand.execute { for promise in closing { promise.resolveVoid() } }
    }
}

/// Feeds a handshake's replies to its state machine and reports the first final verdict.
final class HandshakeSink: ReplySink, @unchecked Sendable {
    // @unchecked: lives on one connection's strand.
    private var handshake: Handshake
    private var report: ((Handshake.Verdict) -> Void)?

    init(_ handshake: Handshake, report: @escaping (Handshake.Verdict) -> Void) {
        self.handshake = handshake
        self.report = report
    }

    var commands: [[UInt8]] { handshake.commands }

    func receive(_ outcome: ReplyOutcome, tag: Int) {
        // A failed connection reports through its pipeline's end.
        guard let report, case .reply(let cursor) = outcome else { return }
        let verdict = handshake.receive(cursor.materialized())
        if case .pending = verdict { return }
        self.report = nil
        report(verdict)
    }
}
