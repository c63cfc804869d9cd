/// One request.
public struct HTTPRequest: Sendable {
    public var method: HTTPMethod
    /// An absolute `http` or `https` URL. Credentials in it are sent as basic authentication and never printed.
    public var url: String
    public var headers: HTTPHeaders
    /// Sent as it is; a `Content-Type` is the caller's to set.
    public var body: [UInt8]?

    /// Whether the server may receive the request twice without harm. libcurl then sends it again by itself when a
    /// kept connection turns out to be dead before any answer. A request that is not repeatable always travels on a
    /// fresh connection, so that it leaves at most once. Default: what RFC 9110 says of the method.
    public var isRepeatable: Bool

    /// Most bytes of answer body, decoded; nil takes the client's limit.
    public var bodyLimit: Int?
    /// Time from the call to the last byte of the answer, waiting in the client's queue included; nil takes the
    /// client's.
    public var timeout: Duration?

    public init(
        _ method: HTTPMethod = .get, _ url: String, headers: HTTPHeaders = [:], body: [UInt8]? = nil,
        isRepeatable: Bool? = nil, bodyLimit: Int? = nil, timeout: Duration? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.isRepeatable = isRepeatable ?? method.isIdempotent
        self.bodyLimit = bodyLimit
        self.timeout = timeout
    }
}
