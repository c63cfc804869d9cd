/// A complete answer. Every status is an answer, 404 and 500 included; only the lack of one is an `HTTPError`.
public struct HTTPResponse: Sendable, Hashable {
    public var head: HTTPHead
    /// The body with its content coding removed.
    public var body: [UInt8]

    public init(head: HTTPHead, body: [UInt8] = []) {
        self.head = head
        self.body = body
    }

    public var status: Int { head.status }
    public var headers: HTTPHeaders { head.headers }

    /// The body as UTF-8, with broken sequences replaced.
    public var text: String { String(decoding: body, as: UTF8.self) }
}
