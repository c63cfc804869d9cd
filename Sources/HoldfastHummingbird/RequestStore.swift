public import HoldfastLocks
public import HoldfastResources

/// Where ``FencingMiddleware`` keeps fences, leases and first answers. Each call is one atomic step, also between
/// servers that share the store.
public protocol RequestStore: Sendable {
    /// Asks to run a request's handler. Asking again with the same claim does no harm.
    /// - Parameters:
    ///   - lease: How long the handler has the resource for itself, unless renewed.
    ///   - retention: How long the request is remembered.
    func begin(
        _ claim: RequestClaim, lease: Duration, retention: Duration, abandoned: AbandonedRequests
    ) async throws(ResourceError) -> RequestAdmission

    /// - Returns: False when the lease has ended.
    func renew(_ claim: RequestClaim, lease: Duration) async throws(ResourceError) -> Bool

    /// Keeps the answer and frees the resource.
    /// - Returns: False when a later attempt has begun: its answer will be the one that counts.
    func complete(
        _ claim: RequestClaim, with answer: StoredResponse, retention: Duration
    ) async throws(ResourceError) -> Bool

    /// Frees the resource without an answer: nobody knows how far the handler came.
    func abandon(_ claim: RequestClaim) async throws(ResourceError)

    /// Raises a resource's fence, for requests that change nothing.
    func raise(_ resource: String, to token: FencingToken) async throws(ResourceError) -> RequestAdmission
}

/// One attempt at one request.
public struct RequestClaim: Sendable, Hashable {
    public var resource: String
    public var token: FencingToken
    /// Whose key it is: keys of different scopes are different keys.
    public var scope: String
    public var key: IdempotencyKey
    /// A digest of method, path and body.
    public var fingerprint: String
    /// Differs for every attempt.
    public var owner: String

    public init(
        resource: String, token: FencingToken, scope: String, key: IdempotencyKey, fingerprint: String, owner: String
    ) {
        self.resource = resource
        self.token = token
        self.scope = scope
        self.key = key
        self.fingerprint = fingerprint
        self.owner = owner
    }
}

/// What becomes of a request.
public enum RequestAdmission: Sendable, Hashable {
    /// The handler may run (or, after a raise: nothing is in the way).
    case run(attempt: Int)
    /// It has run, and this was its answer.
    case replay(StoredResponse)
    /// It is running now.
    case inFlight(remaining: Duration)
    /// Another request is at work on the resource.
    case occupied(remaining: Duration)
    case stale(fence: FencingToken)
    /// The key belongs to another request.
    case keyReused
    /// An earlier attempt ended without an answer, and there is to be no other.
    case abandoned
}

/// What to do with a request whose earlier attempt ended without an answer: its server crashed or lost its lease, or
/// its handler threw.
public enum AbandonedRequests: String, Sendable, Hashable {
    /// Run the handler again: it must expect that an earlier attempt had its effect (``FencedRequest/attempt``).
    case runAgain
    /// Never again: 409 until the key is forgotten. Somebody has to look.
    case refuse
}

/// A whole answer.
public struct StoredResponse: Sendable, Hashable, Codable {
    public struct Field: Sendable, Hashable, Codable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public var status: Int
    public var fields: [Field]
    public var body: [UInt8]

    public init(status: Int, fields: [Field], body: [UInt8]) {
        self.status = status
        self.fields = fields
        self.body = body
    }
}
