/// The bounds and habits of an `HTTPClient`.
public struct HTTPConfiguration: Sendable {
    /// Resolving the name, connecting and the TLS handshake.
    public var connectTimeout: Duration = .seconds(10)
    /// Longest time in which no byte comes or goes. Time in which the reader holds the body back does not count.
    public var stallTimeout: Duration = .seconds(60)
    /// The whole exchange, waiting for a free place included; a request may set its own.
    public var totalTimeout: Duration = .seconds(300)

    /// Most bytes of header lines in one answer, redirects included.
    public var headerLimit = 64 << 10
    /// Most bytes of body in one answer; a request may set its own.
    public var bodyLimit = 16 << 20
    /// Bytes of a streamed body that may wait for the reader; the transfer pauses before there are more. One read of
    /// the network, 16 KiB, is always taken, and libcurl keeps another.
    public var bufferLimit = 128 << 10

    /// Requests on the wire at once, 1 to 10000.
    public var maxConcurrent = 64
    /// Requests that wait for a place; one more is refused as `overloaded`.
    public var maxWaiting = 1024

    /// Redirects to follow; 0 returns the redirect as the answer. Only GET and HEAD are followed, since sending a
    /// body to another place is the caller's decision. libcurl drops `Authorization` when the host changes.
    public var maxRedirects = 0
    /// Whether certificates and host names are verified.
    public var verifiesTLS = true
    /// A PEM file of certificate authorities to trust instead of the system's.
    public var certificateAuthorities: String?
    /// Whether `http_proxy`, `https_proxy` and `no_proxy` in the environment are obeyed.
    public var usesProxyFromEnvironment = true
    /// Whether addresses that are not public (loopback, private, link-local, …) may be connected to. Without it each
    /// address is judged when it is about to be connected to, after the name was resolved, so that a name which
    /// changes its mind does not pass; and no proxy is used. For URLs that strangers give.
    public var allowsInternalAddresses = true
    /// Sent unless a request has its own; nil sends none.
    public var userAgent: String? = "holdfast"

    public init() {}
}
