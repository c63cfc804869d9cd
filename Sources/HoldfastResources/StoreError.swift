package import HoldfastRedis

/// What went wrong at the place where a resource is kept, and what is known about the effect. The same for every
/// adapter: a server, a database, a file, an HTTP service.
public struct StoreError: Error, Sendable, Hashable {
    /// The kind of failure. New kinds may be added; switch with a default.
    public enum Code: String, Sendable, Hashable {
        /// No answer: the server is away, the file or directory is not there.
        case unreachable
        /// Others kept it occupied for longer than the caller waits.
        case busy
        /// No room: the disk, the memory or the number of remembered keys is at its bound.
        case full
        /// Not permitted: credentials, file modes, a store that is read-only.
        case denied
        /// What is there belongs to something else, and was left alone.
        case foreign
        /// It was written by a later version, and was left alone.
        case newer
        /// What is there contradicts itself, and was left alone.
        case damaged
        /// This program has too much under way with the store already.
        case overloaded
        /// The caller's task was cancelled.
        case cancelled
        /// Anything else; the message has the store's own words.
        case failed
    }

    /// What is known about the effect of the call.
    public enum Outcome: String, Sendable, Hashable {
        /// Nothing was changed, and nothing will be.
        case notWritten
        /// It may have happened, or may still happen.
        case unknown
    }

    public var code: Code
    public var outcome: Outcome
    /// One sentence for people: what happened, and what to do where that is known.
    public var message: String
    /// The server, path or URL, without credentials; empty when there is none.
    public var place: String

    public init(_ code: Code, _ outcome: Outcome, _ message: String, at place: String = "") {
        self.code = code
        self.outcome = outcome
        self.message = message
        self.place = place
    }
}

extension StoreError: CustomStringConvertible {
    public var description: String {
        let knowledge = outcome == .unknown ? " (it may have been written)" : ""
        return "\(place.isEmpty ? "" : "\(place): ")\(message)\(knowledge)"
    }
}

extension StoreError {
    /// What a Redis server or the way to it said.
    package init(_ error: RedisError) {
        let code: Code =
            switch error.code {
            case .unreachable, .timedOut, .disconnected, .protocolViolation, .closed: .unreachable
            case .handshakeRefused: .denied
            case .overloaded: .overloaded
            case .cancelled: .cancelled
            case .server: Self.code(ofServerError: error.serverPrefix)
            case .invalidConfiguration, .unexpectedReply: .failed
            }
        // A script that ended in an error may have written before it.
        self.init(code, error.outcome == .notSent ? .notWritten : .unknown, error.message, at: error.server)
    }

    private static func code(ofServerError prefix: String?) -> Code {
        switch prefix {
        case "WRONGTYPE": .foreign
        case "OOM": .full
        case "READONLY", "NOAUTH", "NOPERM", "WRONGPASS": .denied
        case "LOADING", "BUSY", "TRYAGAIN", "MASTERDOWN", "CLUSTERDOWN", "NOREPLICAS": .busy
        default: .failed
        }
    }
}
