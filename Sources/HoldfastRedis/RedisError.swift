/// What went wrong with a command or a connection, at which server, and what is known about the command's effect.
public struct RedisError: Error, Sendable, Hashable {
    /// The kind of failure. New kinds may be added; switch with a default.
    public enum Code: String, Sendable, Hashable {
        /// A URL or configuration value is not usable; the message says which part.
        case invalidConfiguration
        /// No connection could be made, or it was refused.
        case unreachable
        /// The server refused the credentials, the database number or the client name.
        case handshakeRefused
        /// The peer does not speak RESP, or sent a reply that nobody asked for.
        case protocolViolation
        /// No answer in time.
        case timedOut
        /// The connection ended while the command was under way.
        case disconnected
        /// The bound of queued commands or bytes is reached.
        case overloaded
        /// The caller's task was cancelled.
        case cancelled
        /// The client was closed.
        case closed
        /// The server answered with an error; `serverPrefix` holds its first word.
        case server
        /// The server's answer has another shape than the caller needs.
        case unexpectedReply
    }

    /// What is known about the command's effect at the server.
    public enum Outcome: String, Sendable, Hashable {
        /// Not one byte reached a socket: it did not happen, and may be sent again.
        case notSent
        /// It may have happened or may still happen. Only idempotent commands may be repeated.
        case outcomeUnknown
        /// The server answered.
        case answered
    }

    public var code: Code
    public var outcome: Outcome
    /// One sentence for people.
    public var message: String
    /// The server, as `host:port` or a socket's path, without credentials; empty when there is none.
    public var server: String

    public init(_ code: Code, _ outcome: Outcome, _ message: String, server: String = "") {
        self.code = code
        self.outcome = outcome
        self.message = message
        self.server = server
    }

    /// The first word of a server's error, such as `NOSCRIPT` or `WRONGTYPE`; nil for other codes.
    public var serverPrefix: String? {
        guard code == .server else { return nil }
        return message.split(separator: " ", maxSplits: 1).first.map(String.init)
    }

    /// The same failure for a command that certainly never left.
    func asNotSent() -> RedisError {
        var copy = self
        copy.outcome = .notSent
        return copy
    }
}

extension RedisError: CustomStringConvertible {
    public var description: String {
        let place = server.isEmpty ? "" : "\(server): "
        let knowledge = outcome == .outcomeUnknown ? " (the command may have been executed)" : ""
        return "\(place)\(message)\(knowledge)"
    }
}
