/// Why there is no complete answer, and what that says about the request.
public struct HTTPError: Error, Sendable, Hashable {
    /// What is known about the request's effect at the server.
    public enum Outcome: Sendable, Hashable {
        /// No byte of the request left this machine: it is safe to send it again.
        case notSent
        /// The server may have acted on it.
        case outcomeUnknown
    }

    /// The wait that was too long.
    public enum Phase: String, Sendable, Hashable {
        /// Waiting in the client's queue for a free place.
        case queue
        /// Resolving the name, connecting and the TLS handshake.
        case connect
        /// No byte came or went for the stall timeout.
        case stall
        /// The whole exchange.
        case total
    }

    public enum Limit: Sendable, Hashable {
        case headers(bytes: Int)
        case body(bytes: Int)
    }

    public enum Kind: Sendable, Hashable {
        case badURL(String)
        case badHeader(name: String, reason: String)
        case resolve(String)
        case connect(String)
        case tls(String)
        case timeout(Phase)
        case tooLarge(Limit)
        case tooManyRedirects(limit: Int)
        /// As many requests wait as the client was told to allow.
        case overloaded(limit: Int)
        /// The connection ended before the answer did.
        case connectionLost(String)
        /// What came is not HTTP, or breaks its rules.
        case protocolViolation(String)
        case cancelled
        /// The client was closed.
        case closed
    }

    public var kind: Kind
    /// The request's URL without credentials, query and fragment, where secrets live.
    public var url: String
    public var outcome: Outcome

    public init(_ kind: Kind, url: String, outcome: Outcome) {
        self.kind = kind
        self.url = url
        self.outcome = outcome
    }
}

extension HTTPError: CustomStringConvertible {
    public var description: String {
        let effect = outcome == .notSent ? "the request was not sent" : "the server may have acted on the request"
        return "\(url.isEmpty ? "the request" : url): \(kind.sentence); \(effect)"
    }
}

extension HTTPError.Kind {
    fileprivate var sentence: String {
        switch self {
        case .badURL(let reason): "not a usable URL (\(reason)); give http://host/path or https://host/path"
        case .badHeader(let name, let reason): "header \(String(reflecting: name)) refused: \(reason)"
        case .resolve(let reason): "the host name could not be resolved (\(reason))"
        case .connect(let reason): "no connection (\(reason))"
        case .tls(let reason): "no trusted TLS connection (\(reason))"
        case .timeout(.queue): "timed out in the client's queue"
        case .timeout(.connect): "timed out while connecting"
        case .timeout(.stall): "timed out: nothing came or went for the stall timeout"
        case .timeout(.total): "timed out before the answer was complete"
        case .tooLarge(.headers(let bytes)): "the answer's headers are longer than \(bytes) bytes"
        case .tooLarge(.body(let bytes)): "the answer's body is longer than \(bytes) bytes"
        case .tooManyRedirects(let limit): "more than \(limit) redirects"
        case .overloaded(let limit): "\(limit) requests wait already"
        case .connectionLost(let reason): "the connection ended before the answer (\(reason))"
        case .protocolViolation(let reason): "the answer breaks the protocol (\(reason))"
        case .cancelled: "cancelled"
        case .closed: "the HTTP client is closed"
        }
    }
}
