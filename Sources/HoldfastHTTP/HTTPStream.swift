/// An answer whose body is still arriving.
public struct HTTPStream: Sendable {
    public let head: HTTPHead
    /// Read it once. Dropping it unread cancels the transfer.
    public let body: HTTPBody

    public var status: Int { head.status }
    public var headers: HTTPHeaders { head.headers }
}
