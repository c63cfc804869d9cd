import DequeModule

/// Who listens to which channel and what the server was asked, as a value.
///
/// Requests are one channel each and are answered in order: each SUBSCRIBE or UNSUBSCRIBE by one push, or by an
/// error. A channel is established when the answer to the *last* request for it says so: earlier answers belong to
/// listeners that are gone.
struct Subscriptions<Listener> {
    enum Request: Equatable {
        case subscribe([UInt8])
        case unsubscribe([UInt8])

        var channel: [UInt8] {
            switch self {
            case .subscribe(let channel), .unsubscribe(let channel): channel
            }
        }
    }

    private(set) var listeners: [[UInt8]: [Int: Listener]] = [:]
    private var established: Set<[UInt8]> = []
    private var unanswered: Deque<Request> = []
    private var unansweredPerChannel: [[UInt8]: Int] = [:]
    private var arrivals = 0

    var all: [Listener] { listeners.values.flatMap(\.values) }

    func listeners(of channel: [UInt8]) -> [Listener] { listeners[channel].map { Array($0.values) } ?? [] }

    func isEstablished(_ channel: [UInt8]) -> Bool { established.contains(channel) }

    /// - Returns: The listener's number, and what the server must be asked.
    mutating func add(_ listener: Listener, to channel: [UInt8]) -> (id: Int, request: Request?) {
        arrivals += 1
        let isFirst = listeners[channel] == nil
        listeners[channel, default: [:]][arrivals] = listener
        return (arrivals, isFirst ? .subscribe(channel) : nil)
    }

    mutating func remove(_ id: Int, from channel: [UInt8]) -> Request? {
        guard listeners[channel]?.removeValue(forKey: id) != nil, listeners[channel]?.isEmpty == true else {
            return nil
        }
        listeners[channel] = nil
        established.remove(channel)
        return .unsubscribe(channel)
    }

    /// A new connection stands.
    /// - Returns: What it must be asked.
    mutating func connected() -> [Request] {
        disconnected()
        return listeners.keys.map { .subscribe($0) }
    }

    mutating func disconnected() {
        established = []
        unanswered = []
        unansweredPerChannel = [:]
    }

    /// The request is on its way.
    mutating func sent(_ request: Request) {
        unanswered.append(request)
        unansweredPerChannel[request.channel, default: 0] += 1
    }

    /// The server confirmed `request`.
    /// - Returns: Who is to be told that the subscription stands; nil when nobody had asked for that.
    mutating func confirmed(_ request: Request) -> [Listener]? {
        guard unanswered.first == request, let isLast = answered(request.channel) else { return nil }
        guard isLast, case .subscribe(let channel) = request, listeners[channel] != nil else { return [] }
        established.insert(channel)
        return listeners(of: channel)
    }

    /// The server refused the oldest request.
    /// - Returns: The channel and those who now wait in vain; nil when nothing was asked.
    mutating func refused() -> (channel: [UInt8], listeners: [Listener])? {
        guard let request = unanswered.first, let isLast = answered(request.channel) else { return nil }
        guard isLast, case .subscribe(let channel) = request else { return (request.channel, []) }
        defer { listeners[channel] = nil }
        return (channel, listeners(of: channel))
    }

    mutating func removeAll() -> [Listener] {
        defer { listeners = [:] }
        return all
    }

    /// Whether that was the last request for the channel.
    private mutating func answered(_ channel: [UInt8]) -> Bool? {
        guard let count = unansweredPerChannel[channel] else { return nil }
        unanswered.removeFirst()
        unansweredPerChannel[channel] = count > 1 ? count - 1 : nil
        return count == 1
    }
}
