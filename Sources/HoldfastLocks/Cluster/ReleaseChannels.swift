import HoldfastRedis
import HoldfastRuntime
import Synchronization

/// The nodes' release channels: a pub/sub connection a node, made when somebody waits for the first time.
final class ReleaseChannels: Sendable {
    private enum State {
        case unused
        case open([RedisSubscriber])
        case closed
    }

    private let state = Mutex(State.unused)
    private let make: @Sendable () -> [RedisSubscriber]

    init(_ make: @escaping @Sendable () -> [RedisSubscriber]) { self.make = make }

    /// One a node; none once closed.
    var subscribers: [RedisSubscriber] {
        state.withLock { state in
            switch state {
            case .open(let subscribers): return subscribers
            case .closed: return []
            case .unused:
                let subscribers = make()
                state = .open(subscribers)
                return subscribers
            }
        }
    }

    var isClosed: Bool { state.withLock { if case .closed = $0 { true } else { false } } }

    func close() async {
        let before = state.withLock { state in
            defer { state = .closed }
            return state
        }
        if case .open(let subscribers) = before {
            for subscriber in subscribers { await subscriber.close() }
        }
    }
}
