import Synchronization

/// The way between one client and one server.
public final class FaultyLink: Sendable {
    private struct State {
        var isCut = false
        var holdsRequests = false
        var holdsReplies = false
        var streams: [ObjectIdentifier: FaultyStream] = [:]
    }

    private let state = Mutex(State())

    /// Ends all streams, and refuses new ones until ``heal()``. What was held back is lost.
    public func cut() {
        let streams = state.withLock { state in
            state.isCut = true
            return Array(state.streams.values)
        }
        for stream in streams { stream.breakOff() }
    }

    /// Ends all streams once; new ones are let through.
    public func reset() {
        for stream in state.withLock({ Array($0.streams.values) }) { stream.breakOff() }
    }

    /// Lets requests and replies wait from now on. New connections wait too.
    public func hold(requests: Bool = false, replies: Bool = false) {
        state.withLock { state in
            state.holdsRequests = requests
            state.holdsReplies = replies
        }
    }

    /// Delivers what was held, in its order, and lets everything through again.
    public func heal() {
        let streams = state.withLock { state in
            state.isCut = false
            state.holdsRequests = false
            state.holdsReplies = false
            return Array(state.streams.values)
        }
        for stream in streams { stream.deliver() }
    }

    var isCut: Bool { state.withLock { $0.isCut } }
    var holdsRequests: Bool { state.withLock { $0.holdsRequests } }
    var holdsReplies: Bool { state.withLock { $0.holdsReplies } }

    func add(_ stream: FaultyStream) { state.withLock { $0.streams[ObjectIdentifier(stream)] = stream } }

    func remove(_ stream: FaultyStream) { state.withLock { $0.streams[ObjectIdentifier(stream)] = nil } }
}
