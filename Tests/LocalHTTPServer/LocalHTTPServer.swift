internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// A real HTTP/1.1 server on a free local port that answers as a closure says: tests play any API with it, and any
/// way in which one breaks.
public struct LocalHTTPServer: Sendable {
    public typealias Handler = @Sendable (LocalRequest, LocalResponder) async throws -> Void

    public let port: Int

    public var url: String { "http://127.0.0.1:\(port)" }

    /// Runs the server while `body` runs. A handler that throws has its connection closed. At the end every
    /// connection is closed and every handler cancelled and awaited.
    public static func run<Value: Sendable>(
        _ handler: @escaping Handler, _ body: @Sendable (LocalHTTPServer) async throws -> Value
    ) async throws -> Value {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: false)
                    return try NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>(
                        wrappingChannelSynchronously: channel)
                }
            }
        guard let port = listener.channel.localAddress?.port else { preconditionFailure("a bound socket has a port") }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try? await listener.executeThenClose { connections in
                    await withDiscardingTaskGroup { handlers in
                        do {
                            for try await connection in connections {
                                handlers.addTask { await serve(connection, handler) }
                            }
                        } catch {
                            // The listener is closed: the end of the test.
                        }
                        handlers.cancelAll()
                    }
                }
            }
            defer { group.cancelAll() }
            return try await body(LocalHTTPServer(port: port))
        }
    }

    private static func serve(
        _ connection: NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>, _ handler: Handler
    ) async {
        try? await connection.executeThenClose { inbound, outbound in
            var parts = inbound.makeAsyncIterator()
            while let part = try await parts.next() {
                guard case .head(let head) = part else { continue }
                var body: [UInt8] = []
                collecting: while let part = try await parts.next() {
                    switch part {
                    case .body(let bytes): body.append(contentsOf: bytes.readableBytesView)
                    case .end, .head: break collecting
                    }
                }
                let fields = head.headers.map { (name: $0.name.lowercased(), value: $0.value) }
                let request = LocalRequest(
                    method: head.method.rawValue, path: head.uri, fields: fields, body: body)
                try await handler(request, LocalResponder(connection.channel, outbound))
            }
        }
    }
}
