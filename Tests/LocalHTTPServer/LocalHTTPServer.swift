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
        let connections = ConnectionSet()
        let (requests, continuation) = AsyncStream<(LocalRequest, LocalResponder)>.makeStream()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: false)
                    try channel.pipeline.syncOperations.addHandler(RequestCollector(continuation, connections))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        guard let port = listener.localAddress?.port else { preconditionFailure("a bound socket has a port") }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await withDiscardingTaskGroup { handlers in
                    for await (request, responder) in requests {
                        handlers.addTask {
                            do { try await handler(request, responder) } catch { try? await responder.cut() }
                        }
                    }
                    handlers.cancelAll()
                }
            }
            let result: Result<Value, any Error>
            do { result = .success(try await body(LocalHTTPServer(port: port))) } catch { result = .failure(error) }
            try await listener.close()
            connections.closeAll()
            continuation.finish()
            group.cancelAll()
            return try result.get()
        }
    }
}
