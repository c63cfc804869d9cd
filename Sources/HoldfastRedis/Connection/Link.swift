import HoldfastRuntime
import Synchronization

/// Keeps one connection to one server: connects, shakes hands, and after a loss tries again for ever with jittered
/// back-off, until it is closed. Driven by the strand's callbacks; needs no task of its own.
final class Link: @unchecked Sendable {
    // @unchecked: everything marked "strand" is touched on the strand only; the rest is immutable or locked.

    /// What any task may ask.
    enum Phase {
        case connecting(lastFailure: RedisError?, waiting: [Promise<ReadyConnection>])
        case ready(ReadyConnection)
        case closed
    }

    struct ReadyConnection: Sendable {
        let pipeline: Pipeline
        let info: ServerInfo
    }

    let configuration: RedisConfiguration
    let strand: any Strand
    let transport: any ByteTransport
    let runtime: any Runtime
    let scripts: [RedisScript]
    private let phase = Mutex(Phase.connecting(lastFailure: nil, waiting: []))
    private let onEvent: @Sendable (ConnectionEvent) -> Void
    /// Runs on the strand before anyone else may use a new connection.
    private let prepare: @Sendable (Pipeline) -> Void

    // strand
    private var attempt: Pipeline?
    private var backoff: Backoff
    private var timer: (any StrandTimer)?
    private var drained: Promise<Void>?

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

    /// The connection if it stands now; otherwise why not, as a command that was not sent.
    func current() throws(RedisError) -> ReadyConnection {
        try phase.withLock { phase throws(RedisError) -> ReadyConnection in
            switch phase {
            case .ready(let connection): return connection
            case .closed: throw closedError
            case .connecting(let failure, _): throw (failure ?? notConnected).asNotSent()
            }
        }
    }

    /// Waits for the connection, at most `patience`; then throws the last attempt's failure.
    func connection(patience: Duration) async throws(RedisError) -> ReadyConnection {
        let promise = Promise<ReadyConnection>()
        let found = try phase.withLock { phase throws(RedisError) -> ReadyConnection? in
            switch phase {
            case .ready(let connection): return connection
            case .closed: throw closedError
            case .connecting(let failure, let waiting):
                phase = .connecting(lastFailure: failure, waiting: waiting + [promise])
                return nil
            }
        }
        if let found { return found }
        let timer = strand.schedule(after: patience) { [weak self] in self?.giveUp(promise) }
        defer { timer.cancel() }
        return try await promise.wait(
            onCancel: RedisError(.cancelled, .notSent, "cancelled while connecting", server: server))
    }

    private func giveUp(_ promise: Promise<ReadyConnection>) {
        let failure = phase.withLock { phase -> RedisError in
            guard case .connecting(let failure, var waiting) = phase else { return notConnected }
            waiting.removeAll { $0 === promise }
            phase = .connecting(lastFailure: failure, waiting: waiting)
            return failure ?? notConnected
        }
        promise.resolve(.failure(failure.asNotSent()))
    }

    private var notConnected: RedisError { RedisError(.unreachable, .notSent, "not connected yet", server: server) }
    private var closedError: RedisError { RedisError(.closed, .notSent, "the client is closed", server: server) }

    // MARK: - On the strand

    private func connect() {
        guard case .connecting = phase.withLock({ $0 }) else { return }
        let pipeline = Pipeline(
            configuration, strand: strand, runtime: runtime,
            onOpen: { [weak self] in self?.shakeHands() },
            onEnd: { [weak self] error in self?.lost(error) })
        attempt = pipeline
        timer = strand.schedule(after: configuration.connectTimeout) { [weak pipeline, server] in
            pipeline?.end(RedisError(.timedOut, .notSent, "no connection in time", server: server))
        }
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
        backoff.reset()
        prepare(pipeline)
        let connection = ReadyConnection(pipeline: pipeline, info: info)
        let waiting = phase.withLock { phase -> [Promise<ReadyConnection>]? in
            guard case .connecting(_, let waiting) = phase else { return nil }
            phase = .ready(connection)
            return waiting
        }
        guard let waiting else { return pipeline.end(closedError) }
        onEvent(.connected(info))
        for promise in waiting { promise.resolve(.success(connection)) }
    }

    private func lost(_ error: RedisError) {
        timer?.cancel()
        attempt = nil
        drained?.resolve(.success(()))
        let wasReady = phase.withLock { phase -> Bool? in
            switch phase {
            case .closed: return nil
            case .ready:
                phase = .connecting(lastFailure: error, waiting: [])
                return true
            case .connecting(_, let waiting):
                phase = .connecting(lastFailure: error, waiting: waiting)
                return false
            }
        }
        guard let wasReady else { return }
        let pause = backoff.next(runtime)
        onEvent(wasReady ? .disconnected(error) : .attemptFailed(error, pause: pause))
        timer = strand.schedule(after: pause) { [weak self] in self?.connect() }
    }

    // MARK: - Closing

    /// Refuses new commands at once, lets unanswered ones finish for at most `grace`, then ends the connection.
    func close(grace: Duration) async {
        let before = phase.withLock { phase in
            defer { phase = .closed }
            return phase
        }
        switch before {
        case .closed: return
        case .connecting(_, let waiting):
            for promise in waiting { promise.resolve(.failure(closedError)) }
        case .ready: break
        }
        let done = Promise<Void>()
        strand.execute { self.drainAndEnd(done, deadline: self.runtime.now.advanced(by: grace)) }
        // Cancellation must not leave the connection behind: the strand finishes the closing by itself.
        try? await done.wait(onCancel: closedError)
    }

    private func drainAndEnd(_ done: Promise<Void>, deadline: Instant) {
        timer?.cancel()
        guard let pipeline = attempt else { return done.resolve(.success(())) }
        if pipeline.outstanding == 0 || runtime.now >= deadline {
            drained = done
            return pipeline.end(closedError)
        }
        timer = strand.schedule(after: .milliseconds(1)) { self.drainAndEnd(done, deadline: deadline) }
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
