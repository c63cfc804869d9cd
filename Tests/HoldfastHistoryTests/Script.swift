import HoldfastHistory

/// Histories for tests, written as short as they are read: times in milliseconds.
struct Script {
    private var events: [HistoryEvent] = []
    private var processes = 0

    /// An operation from `from` to `to`; without `to` its end is never seen.
    mutating func operation(
        _ f: String, _ asked: HistoryValue, _ from: Int64, _ to: Int64?, _ type: HistoryEvent.Kind = .ok,
        _ answer: HistoryValue? = nil, error: String? = nil, token: Int64? = nil, until: Int64? = nil,
        client: String = "w"
    ) {
        processes += 1
        let process = HistoryProcess.client(processes)
        events.append(
            HistoryEvent(
                time: from * 1_000_000, process: process, type: .invoke, f: f, value: asked, token: token,
                client: client))
        guard let to else { return }
        events.append(
            HistoryEvent(
                time: to * 1_000_000, process: process, type: type, f: f, value: answer ?? asked, error: error,
                token: token, until: until.map { $0 * 1_000_000 }, client: client))
    }

    mutating func witness(_ f: String, _ value: HistoryValue, at time: Int64 = 1000) {
        events.append(HistoryEvent(time: time * 1_000_000, process: .witness, type: .info, f: f, value: value))
    }

    mutating func nemesis(_ f: String, _ value: HistoryValue, at time: Int64) {
        events.append(HistoryEvent(time: time * 1_000_000, process: .nemesis, type: .info, f: f, value: value))
    }

    mutating func acquire(
        _ lock: String, _ token: Int64, _ from: Int64, _ to: Int64, until: Int64? = nil, client: String = "w"
    ) {
        operation(
            "acquire", [.text(lock), .null], from, to, .ok, [.text(lock), .number(token)], until: until,
            client: client)
    }

    /// A run begins long before what these scripts tell.
    func history() throws -> History {
        try History([HistoryEvent(time: 0, process: .nemesis, type: .info, f: "start")] + events)
    }

    static func history(_ write: (inout Script) -> Void) throws -> History {
        var script = Script()
        write(&script)
        return try script.history()
    }
}
