/// How to reach one server, and the bounds of what a client queues for it.
public struct RedisConfiguration: Sendable, Hashable {
    public var address: RedisAddress
    /// Whether the stream is protected by TLS (`rediss://`).
    public var secure = false
    /// The ACL user; nil means the default user.
    public var username: String?
    public var password: String?
    /// The database that is selected after connecting.
    public var database = 0
    /// Shown by `CLIENT LIST`: printable ASCII without spaces.
    public var clientName: String?

    /// From the first packet until the connection is ready, handshake included.
    public var connectTimeout: Duration = .seconds(5)
    /// A connection whose oldest command is unanswered for this long is given up: everything on it fails with
    /// `timedOut` and an unknown outcome.
    public var commandTimeout: Duration = .seconds(10)
    /// After this long without traffic a PING checks whether the server is still there.
    public var idleCheckInterval: Duration = .seconds(30)
    /// The pause before reconnecting is drawn uniformly from zero to a limit that starts here and doubles …
    public var firstBackoff: Duration = .milliseconds(50)
    /// … until here.
    public var maximumBackoff: Duration = .seconds(2)

    /// Commands that may be queued or unanswered on a connection; beyond it callers wait.
    public var maximumOutstandingCommands = 65_536
    /// Encoded bytes that may wait to be written; beyond it callers wait. One larger command is let through alone.
    public var maximumOutboxBytes = 64 << 20
    /// A single reply that is longer costs the connection.
    public var maximumReplyBytes = 512 << 20
    /// Idle connections kept for blocking commands.
    public var maximumIdleLeases = 8

    public init(address: RedisAddress) { self.address = address }
}

// A configuration gets printed sooner or later; its password must not.
extension RedisConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        let user = username ?? (password == nil ? nil : "default")
        return "\(user.map { "\($0):…@" } ?? "")\(address)/\(database)\(secure ? " (TLS)" : "")"
    }

    public var debugDescription: String { description }

    public var customMirror: Mirror { Mirror(self, children: ["address": address, "database": database]) }
}
