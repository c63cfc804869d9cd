import HoldfastRuntime
import Synchronization

/// Connections for exclusive use, made on demand; a bounded number of idle ones is kept.
final class LeasePool: Sendable {
    private struct State {
        var idle: [BlockingConnection] = []
        var lent: [ObjectIdentifier: BlockingConnection] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())
    private let parent: Link

    init(link: Link) { parent = link }

    deinit {
        for connection in state.withLock({ $0.idle }) { connection.end() }
    }

    func take() async throws(RedisError) -> BlockingConnection {
        while let idle = state.withLock({ $0.idle.popLast() }) {
            if idle.isReusable { return try lend(idle) }
            idle.end()
        }
        // The shared link knows whether the server is there, and waits for it with its own back-off.
        _ = try await parent.connection(patience: parent.configuration.connectTimeout)
        let opening = Promise<Link.ReadyConnection>()
        let connection = SingleConnection(parent, opening)
        parent.strand.execute { connection.open() }
        let ready = try await opening.wait(
            onCancel: RedisError(.cancelled, .notSent, "cancelled while connecting", server: parent.server))
        return try lend(BlockingConnection(ready, strand: parent.strand))
    }

    private func lend(_ connection: BlockingConnection) throws(RedisError) -> BlockingConnection {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.lent[ObjectIdentifier(connection)] = connection }
            return state.isClosed
        }
        guard isClosed else { return connection }
        connection.end()
        throw RedisError(.closed, .notSent, "the client is closed", server: parent.server)
    }

    func giveBack(_ connection: BlockingConnection) {
        let limit = parent.configuration.maximumIdleLeases
        let isReusable = connection.isReusable
        let kept = state.withLock { state in
            state.lent[ObjectIdentifier(connection)] = nil
            guard isReusable, !state.isClosed, state.idle.count < limit else { return false }
            state.idle.append(connection)
            return true
        }
        if !kept { connection.end() }
    }

    /// Ends idle and lent connections: who blocks on one is woken with an error.
    func close() {
        let all = state.withLock { state in
            state.isClosed = true
            defer { (state.idle, state.lent) = ([], [:]) }
            return state.idle + state.lent.values
        }
        for connection in all { connection.end() }
    }
}

/// One connection that is not renewed when it ends.
private final class SingleConnection: @unchecked Sendable {
    // @unchecked: lives on the parent's strand.
    private let parent: Link
    private let opening: Promise<Link.ReadyConnection>
    private var timer: (any StrandTimer)?

    init(_ parent: Link, _ opening: Promise<Link.ReadyConnection>) {
        self.parent = parent
        self.opening = opening
    }

    func open() {
        let configuration = parent.configuration
        let opening = self.opening
        let reference = Weak<Pipeline>()
        let pipeline = Pipeline(
            configuration, strand: parent.strand, runtime: parent.runtime,
            onOpen: { [self] in
                guard let pipeline = reference.object else { return }
                let sink = HandshakeSink(Handshake(configuration, scripts: [])) { [self] verdict in
                    switch verdict {
                    case .pending: break
                    case .ready(let info, _):
                        timer?.cancel()
                        // Whoever asked may be gone; then nobody else would ever end this connection.
                        let ready = Link.ReadyConnection(pipeline: pipeline, info: info)
                        if !opening.resolve(.success(ready)) {
                            pipeline.end(RedisError(.closed, .notSent, "nobody waits for it", server: parent.server))
                        }
                    case .refused(let error): pipeline.end(error)
                    }
                }
                for command in sink.commands { _ = pipeline.append(command, .sink(sink, tag: 0)) }
            },
            onEnd: { [self] error in
                timer?.cancel()
                opening.resolve(.failure(error.asNotSent()))
            })
        reference.object = pipeline
        timer = parent.strand.schedule(after: configuration.connectTimeout) { [weak pipeline] in
            pipeline?.giveUpConnecting()
        }
        parent.transport.open(
            configuration.address, secure: configuration.secure, timeout: configuration.connectTimeout,
            on: parent.strand, events: pipeline)
    }
}

private final class Weak<Object: AnyObject> {
    weak var object: Object?
}
