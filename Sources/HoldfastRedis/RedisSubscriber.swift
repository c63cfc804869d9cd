public import HoldfastRuntime
import Synchronization

/// Pub/sub on a connection of its own, subscribed again after every reconnect.
///
/// Redis' pub/sub delivers at most once. After `.subscribed` every message is seen until the next `.interrupted`, by a
/// reader that keeps up (see ``bufferLimit``); whoever waits for something must also look for it by itself after an
/// interruption, and at intervals. A connection that is silently dead is noticed after the idle interval and the
/// command timeout together, because the server is asked for a sign of life.
public final class RedisSubscriber: Sendable {
    public enum Event: Sendable, Hashable {
        /// The subscription stands; messages that were published before may have been missed.
        case subscribed
        case message([UInt8])
        /// The connection was lost; it is being renewed.
        case interrupted
    }

    /// What a slow reader of one channel may leave unread; then the oldest events are dropped.
    public static let bufferLimit = 1024

    private let core: Core
    private let link: Link

    /// - Parameters:
    ///   - onRefusal: A channel that the server refuses (an ACL forbids it); its streams end. Called on the
    ///     connection's strand; must return quickly.
    ///   - onEvent: What happens to the connection. Called on the connection's strand; must return quickly.
    public init(
        _ configuration: RedisConfiguration, transport: any ByteTransport = NIOTransport(),
        runtime: any Runtime = LiveRuntime(),
        onRefusal: @escaping @Sendable (_ channel: String, RedisError) -> Void = { _, _ in },
        onEvent: @escaping @Sendable (ConnectionEvent) -> Void = { _ in }
    ) {
        let core = Core(server: configuration.address.description, onRefusal: onRefusal)
        self.core = core
        link = Link(
            configuration, transport: transport, runtime: runtime, scripts: [],
            onEvent: { event in
                if case .disconnected = event { core.disconnected() }
                onEvent(event)
            },
            prepare: { core.connected($0) })
        link.start()
    }

    // Nobody can publish into the streams any more; their readers must not wait for ever.
    deinit { core.finish() }

    /// Messages published to `channel` from now on. Ends when the consumer stops iterating, when the server refuses
    /// the channel, and when the subscriber closes.
    public func messages(on channel: String) -> AsyncStream<Event> {
        let key = Array(channel.utf8)
        let (stream, continuation) = AsyncStream.makeStream(
            of: Event.self, bufferingPolicy: .bufferingNewest(Self.bufferLimit))
        if let id = core.add(continuation, to: key) {
            continuation.onTermination = { [weak core] _ in core?.remove(id, from: key) }
        } else {
            continuation.finish()
        }
        return stream
    }

    /// Ends all streams and the connection. Idempotent.
    public func close() async {
        core.finish()
        await link.close(grace: .zero)
    }
}

extension RedisSubscriber {
    /// The subscriptions together with the connection that they are asked of, under one lock: the order in which
    /// listeners come and go is the order in which the server hears of it.
    private final class Core: Sendable {
        typealias Listener = AsyncStream<Event>.Continuation

        private struct State {
            var subscriptions = Subscriptions<Listener>()
            var connection: Pipeline?
            var isFinished = false
        }

        private let state = Mutex(State())
        private let server: String
        private let onRefusal: @Sendable (String, RedisError) -> Void

        init(server: String, onRefusal: @escaping @Sendable (String, RedisError) -> Void) {
            self.server = server
            self.onRefusal = onRefusal
        }

        /// Nil after the end.
        func add(_ listener: Listener, to channel: [UInt8]) -> Int? {
            state.withLock { state in
                guard !state.isFinished else { return nil }
                let (id, request) = state.subscriptions.add(listener, to: channel)
                if state.subscriptions.isEstablished(channel) { listener.yield(.subscribed) }
                if let request { Self.ask(request, &state) }
                return id
            }
        }

        func remove(_ id: Int, from channel: [UInt8]) {
            state.withLock { state in
                if let request = state.subscriptions.remove(id, from: channel) { Self.ask(request, &state) }
            }
        }

        func finish() {
            let listeners = state.withLock { state in
                state.isFinished = true
                state.connection = nil
                return state.subscriptions.removeAll()
            }
            for listener in listeners { listener.finish() }
        }

        // Without a connection nothing is lost: the next one is asked for all that is wanted then.
        private static func ask(_ request: Subscriptions<Listener>.Request, _ state: inout State) {
            guard let connection = state.connection else { return }
            let verb = if case .subscribe = request { "SUBSCRIBE" } else { "UNSUBSCRIBE" }
            let command = RESPEncoder.encode(verb, [RedisArgument(request.channel)])
            switch connection.append(command, nil) {
            case .queued: state.subscriptions.sent(request)
            case .closed: break
            case .full:
                // A server that takes no bytes: begin anew rather than forget a request.
                state.connection = nil
                connection.endSoon(
                    RedisError(.overloaded, .notSent, "too many subscriptions queued", server: connection.server))
            }
        }

        // MARK: - On the strand

        func connected(_ pipeline: Pipeline) {
            pipeline.onPush = { [weak self, weak pipeline] cursor in
                if let self, let pipeline { self.receive(cursor, on: pipeline) }
            }
            state.withLock { state in
                guard !state.isFinished else { return }
                state.connection = pipeline
                for request in state.subscriptions.connected() { Self.ask(request, &state) }
            }
        }

        func disconnected() {
            let listeners = state.withLock { state in
                state.connection = nil
                state.subscriptions.disconnected()
                return state.subscriptions.all
            }
            for listener in listeners { listener.yield(.interrupted) }
        }

        private func receive(_ cursor: ReplyCursor, on pipeline: Pipeline) {
            if cursor.kind == .error { return refused(cursor.text, on: pipeline) }
            // The answer to a sign of life while nothing is subscribed.
            if cursor.kind == .status { return }
            guard let kind = cursor.scalar(at: 0)?.text, let name = cursor.scalar(at: 1)?.rawBytes else {
                return violated(pipeline, "a push of unknown shape")
            }
            let channel = Array(name)
            switch kind {
            case "message":
                guard let payload = cursor.scalar(at: 2)?.rawBytes else {
                    return violated(pipeline, "a message without payload")
                }
                let message = Array(payload)
                let listeners = state.withLock { $0.subscriptions.listeners(of: channel) }
                for listener in listeners { listener.yield(.message(message)) }
            case "subscribe": confirmed(.subscribe(channel), on: pipeline)
            case "unsubscribe": confirmed(.unsubscribe(channel), on: pipeline)
            default: break
            }
        }

        private func confirmed(_ request: Subscriptions<Listener>.Request, on pipeline: Pipeline) {
            guard let listeners = state.withLock({ $0.subscriptions.confirmed(request) }) else {
                return violated(pipeline, "a confirmation that nobody asked for")
            }
            for listener in listeners { listener.yield(.subscribed) }
        }

        private func refused(_ text: String, on pipeline: Pipeline) {
            guard let refused = state.withLock({ $0.subscriptions.refused() }) else {
                return violated(pipeline, text)
            }
            let channel = String(decoding: refused.channel, as: UTF8.self)
            onRefusal(channel, RedisError(.server, .answered, text, server: server))
            for listener in refused.listeners { listener.finish() }
        }

        private func violated(_ pipeline: Pipeline, _ problem: String) {
            let message = "sent what pub/sub does not know: \(problem.prefix(120))"
            pipeline.end(RedisError(.protocolViolation, .outcomeUnknown, message, server: server))
        }
    }
}
