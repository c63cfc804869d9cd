internal import NIOCore
internal import NIOHTTP1

/// Answers one request, well or badly.
public struct LocalResponder: Sendable {
    private let channel: any Channel

    init(_ channel: any Channel) { self.channel = channel }

    private func write(_ part: HTTPServerResponsePart) async throws { try await channel.writeAndFlush(part) }

    /// A whole answer, with its length.
    public func answer(_ status: Int = 200, _ fields: [(String, String)] = [], _ text: String = "") async throws {
        try await head(status, fields + [("content-length", String(text.utf8.count))])
        if !text.isEmpty { try await chunk(text) }
        try await end()
    }

    /// A status line and fields; without a content length the body is chunked.
    public func head(_ status: Int = 200, _ fields: [(String, String)] = []) async throws {
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: HTTPHeaders(fields))
        try await write(.head(head))
    }

    /// Returns when the socket took the bytes: a reader that does not read holds the server back.
    public func chunk(_ text: String) async throws { try await chunk(Array(text.utf8)) }

    public func chunk(_ bytes: [UInt8]) async throws {
        try await write(.body(.byteBuffer(ByteBuffer(bytes: bytes))))
    }

    public func end() async throws { try await write(.end(nil)) }

    /// Cuts the connection, wherever the answer is.
    public func cut() async throws { try await channel.close() }

    /// Answers nothing until the client goes away.
    public func hang() async throws { try await channel.closeFuture.get() }
}
