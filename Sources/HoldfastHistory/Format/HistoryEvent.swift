/// One line of a history, in the shape that Jepsen and the tools around it read: an operation's `invoke`, its end as
/// `ok`, `fail` or `info`, or what was done to the system meanwhile.
///
/// A key comes first in `value`, as `jepsen.independent` writes it: `[lock, token]`, `[register, value]`,
/// `[job, attempt]`. Further fields are ours; other tools pass over them.
public struct HistoryEvent: Sendable, Hashable, Codable {
    /// What an event says about its operation.
    public enum Kind: String, Sendable, Hashable, Codable {
        /// It begins.
        case invoke
        /// It has happened.
        case ok
        /// It has certainly not happened, and never will.
        case fail
        /// Whether it has happened, or still will, is not known. Of a fault or a witness: something was seen.
        case info
    }

    /// The number of the event in its history, from 0.
    public var index: Int
    /// Nanoseconds on one clock for all processes of the machine, which counts suspension; in a merged history since
    /// its first event.
    public var time: Int64
    public var process: HistoryProcess
    public var type: Kind
    /// What the operation does: see ``HistoryFunction``.
    public var f: String
    public var value: HistoryValue
    /// Why it failed, or why nothing is known.
    public var error: String?
    /// Of what was acquired, or shown to a resource.
    public var token: Int64?
    /// Until when the holder may believe in its lease, on the clock of `time`.
    public var until: Int64?
    /// How many rounds of messages an acquisition took.
    public var rounds: Int?
    /// The operating system's process, by the name that faults strike.
    public var client: String?

    public init(
        index: Int = 0, time: Int64, process: HistoryProcess, type: Kind, f: String, value: HistoryValue = .null,
        error: String? = nil, token: Int64? = nil, until: Int64? = nil, rounds: Int? = nil,
        client: String? = nil
    ) {
        self.index = index
        self.time = time
        self.process = process
        self.type = type
        self.f = f
        self.value = value
        self.error = error
        self.token = token
        self.until = until
        self.rounds = rounds
        self.client = client
    }
}

/// Who wrote an event. A client does one thing at a time, and nothing more after an end that is not known.
public enum HistoryProcess: Sendable, Hashable, Codable {
    case client(Int)
    /// Whoever does harm.
    case nemesis
    /// A resource's own record, read afterwards: what counts against what clients say.
    case witness

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Int.self) {
            self = .client(number)
            return
        }
        switch try container.decode(String.self) {
        case "nemesis": self = .nemesis
        case "witness": self = .witness
        case let other:
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "a process is a number, \"nemesis\" or \"witness\", not \(other)")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .client(let number): try container.encode(number)
        case .nemesis: try container.encode("nemesis")
        case .witness: try container.encode("witness")
        }
    }
}
