public import HoldfastRuntime
import Synchronization

/// Pub/sub on a connection of its own, subscribed again after every reconnect.
///
/// Redis' pub/sub delivers at most once. After `.subscribed` every message is seen until the next `.interrupted`;
/// whoever waits for something must also look for it by itself after an interruption, and at intervals.
public final class RedisSubscriber: Sendable {
    public enum Event: Sendable, Hashable {
        /// The subscription stands; messages that were published before may have been missed.
        case subscribed
        case message([UInt8])
        /// The connection was lost; it is being renewed.
        case interrupted
    }

    private struct State {
        var nextID = 0
        var channels: [[UInt8]: [Int: AsyncStream<Event>.Continuation]] = [:]
        var established: Set<[UInt8]> = []
    }

    /// What a slow reader of one channel may leave unread; then the oldest are dropped.
    public static let bufferLimit = 1024

    private let state: SharedState
    private let link: Link

    private final class SharedState: Sendable {
        let value = Mutex(State())
    }

    public init(
        _ configuration: RedisConfiguration, transport: any ByteTransport = NIOTransport(),
        runtime: any Runtime = LiveRuntime()
    ) {
        let state = SharedState()
        self.state = state
        link = Link(
            configuration, transport: transport, runtime: runtime, scripts: [],
            onEvent: { event in
                if case .disconnected = event { Self.interrupt(state) }
            },
            prepare: { pipeline in
                pipeline.onPush = { Self.receive($0, state) }
                let channels = state.value.withLock { Array($0.channels.keys) }
                if !channels.isEmpty { _ = pipeline.append(Self.encode("SUBSCRIBE", channels), nil) }
            })
        link.start()
    }

    /// Messages published to `channel` from now on. Ends when the consumer stops iterating or the subscriber closes.
    public func messages(on channel: String) -> AsyncStream<Event> {
        let key = Array(channel.utf8)
        let (stream, continuation) = AsyncStream.makeStream(
            of: Event.self, bufferingPolicy: .bufferingNewest(Self.bufferLimit))
        let (id, isFirst) = state.value.withLock { state -> (Int, Bool) in
            let id = state.nextID
            state.nextID += 1
            let isFirst = state.channels[key] == nil
            state.channels[key, default: [:]][id] = continuation
            if state.established.contains(key) { continuation.yield(.subscribed) }
            return (id, isFirst)
        }
        if isFirst { sendToServer("SUBSCRIBE", key) }
        continuation.onTermination = { [weak self] _ in self?.remove(id, from: key) }
        return stream
    }

    public func close() async {
        let all = state.value.withLock { state in
            defer { state.channels = [:] }
            return state.channels.values.flatMap(\.values)
        }
        for continuation in all { continuation.finish() }
        await link.close(grace: .zero)
    }

    private func remove(_ id: Int, from key: [UInt8]) {
        let isLast = state.value.withLock { state in
            state.channels[key]?[id] = nil
            guard state.channels[key]?.isEmpty == true else { return false }
            state.channels[key] = nil
            state.established.remove(key)
            return true
        }
        if isLast { sendToServer("UNSUBSCRIBE", key) }
    }

    // Without a connection nothing is lost: the next one subscribes to what is wanted then.
    private func sendToServer(_ verb: String, _ channel: [UInt8]) {
        guard let connection = try? link.current() else { return }
        _ = connection.pipeline.append(Self.encode(verb, [channel]), nil)
    }

    private static func encode(_ verb: String, _ channels: [[UInt8]]) -> [UInt8] {
        RESPEncoder.encode(verb, channels.map { RedisArgument($0) })
    }

    private static func interrupt(_ state: SharedState) {
        let all = state.value.withLock { state in
            state.established = []
            return state.channels.values.flatMap(\.values)
        }
        for continuation in all { continuation.yield(.interrupted) }
    }

    private static func receive(_ cursor: ReplyCursor, _ state: SharedState) {
        guard let kind = cursor.scalar(at: 0)?.text, let channel = cursor.scalar(at: 1)?.rawBytes else { return }
        let key = Array(channel)
        switch kind {
        case "subscribe":
            let listeners = state.value.withLock { state in
                guard let listeners = state.channels[key] else { return [AsyncStream<Event>.Continuation]() }
                state.established.insert(key)
                return Array(listeners.values)
            }
            for continuation in listeners { continuation.yield(.subscribed) }
        case "message":
            guard let payload = cursor.scalar(at: 2)?.rawBytes else { return }
            let message = Array(payload)
            let listeners = state.value.withLock { $0.channels[key].map { Array($0.values) } ?? [] }
            for continuation in listeners { continuation.yield(.message(message)) }
        default: break
        }
    }
}
