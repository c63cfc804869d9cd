import NIOCore
import NIOPosix

/// Writes the same bytes to every connection that sends something, then closes it: for answers that no HTTP server
/// would give.
enum RawServer {
    static func run<Value: Sendable>(
        _ answer: String, _ body: @Sendable (String) async throws -> Value
    ) async throws -> Value {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answer(bytes: answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        guard let port = server.localAddress?.port else { throw Unexpected("no port") }
        let result: Result<Value, any Error>
        do { result = .success(try await body("http://127.0.0.1:\(port)")) } catch { result = .failure(error) }
        try await server.close()
        return try result.get()
    }

    private final class Answer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let bytes: String
        private var hasAnswered = false

        init(bytes: String) { self.bytes = bytes }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if hasAnswered { return }
            hasAnswered = true
            let channel = context.channel
            channel.writeAndFlush(ByteBuffer(string: bytes)).whenComplete { _ in channel.close(promise: nil) }
        }
    }
}
