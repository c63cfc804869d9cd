/// The method of a request.
public enum HTTPMethod: String, Sendable, Hashable, CaseIterable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
    case options = "OPTIONS"

    /// Whether RFC 9110 §9.2.2 lets a client send such a request again by itself.
    public var isIdempotent: Bool { self != .post && self != .patch }
}
