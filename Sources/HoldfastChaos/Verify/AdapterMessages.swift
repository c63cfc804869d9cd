/// What `holdfast verify` asks an adapter of another lock library: one line of JSON on its standard input.
///
/// One question at a time, each answered by one line with the same `id`. The end of standard input is the end.
public struct AdapterRequest: Sendable, Hashable, Codable {
    public enum Operation: String, Sendable, Hashable, Codable {
        /// The first: `nodes` and `store` are the servers' URLs.
        case open
        /// One attempt to take `lock` for `ttl_ms`; who is refused asks again.
        case acquire
        /// Gives `lease` of `lock` back.
        case release
        /// The value of `register`; with a `token` it raises the register's fence.
        case read
        /// Sets `register` to `value`; with a `token` only if no larger one was shown.
        case write
        /// Removes `register`, after the last client has ended.
        case forget
    }

    public static let version = 1

    public var id: Int
    public var op: Operation
    /// After this long an answer is not waited for any more, and the adapter is killed.
    public var deadline: Int64
    public var version: Int?
    public var nodes: [String]?
    public var store: String?
    public var lock: String?
    public var ttl: Int64?
    public var lease: String?
    public var register: String?
    public var value: Int64?
    public var token: Int64?

    private enum CodingKeys: String, CodingKey {
        case id, op, nodes, store, lock, lease, register, value, token
        case version = "protocol"
        case deadline = "deadline_ms"
        case ttl = "ttl_ms"
    }

    public init(_ op: Operation) {
        self.op = op
        id = 0
        deadline = 5000
    }
}

/// An adapter's answer: `ok` or `error`.
public struct AdapterReply: Sendable, Hashable, Codable {
    /// What an operation answers; each field belongs to the operations that its comment names.
    public struct Answer: Sendable, Hashable, Codable {
        /// open
        public var version: Int?
        /// open: the library's name and version, for reports.
        public var library: String?
        /// open: whether it issues fencing tokens, and keeps its registers behind fences.
        public var tokens: Bool?
        /// acquire: what to show when it is given back.
        public var lease: String?
        /// acquire: the fencing token, if there is one.
        public var token: Int64?
        /// acquire: until when the holder may believe in it, by CLOCK_BOOTTIME. Without it: for `ttl_ms` from the
        /// question.
        public var until: Int64?
        /// read; null for none yet.
        public var value: Int64?

        private enum CodingKeys: String, CodingKey {
            case library, tokens, lease, token, value
            case version = "protocol"
            case until = "until_ns"
        }

        public init() {}
    }

    public struct Failure: Error, Sendable, Hashable, Codable, CustomStringConvertible {
        public enum Kind: String, Sendable, Hashable, Codable {
            /// Another holds the lock.
            case held
            /// Servers did not answer: whether it happened is not known.
            case unavailable
            /// The lease had ended before.
            case lost
            /// A larger token was shown to the register. Nothing was done.
            case stale
            /// The question is not one that this adapter can answer.
            case invalid
            /// Anything else: whether it happened is not known.
            case failed
        }

        public var kind: Kind
        public var message: String

        public init(_ kind: Kind, _ message: String) {
            self.kind = kind
            self.message = message
        }

        public var description: String { "\(kind.rawValue): \(message)" }
    }

    public var id: Int
    public var ok: Answer?
    public var error: Failure?

    public init(id: Int, ok: Answer? = nil, error: Failure? = nil) {
        self.id = id
        self.ok = ok
        self.error = error
    }
}
