import NIOCore
import NIOPosix
import Synchronization

@testable import HoldfastRedis

/// A server on a real socket that answers as a test says: well, badly or not at all.
final class ImpostorServer: Sendable {
    /// A command as it arrived, and on which connection, counted from one.
    struct Call: Sendable {
        let connection: Int
        let words: [String]
    }

    enum Move: Sendable {
        case send(String)
        /// The same, one byte per write.
        case trickle(String)
        case close
    }

    typealias Script = @Sendable (Call) -> [Move]

    static let infoText = "redis_version:7.0.0\r\nrun_id:0123456789012345678901234567890123456789\r\n"
    static let info = "$\(infoText.utf8.count)\r\n\(infoText)\r\n"

    /// What a decent server answers to INFO and PING; nil for the rest.
    static func decent(_ call: Call) -> [Move]? {
        switch call.words.first {
        case "INFO": [.send(info)]
        case "PING": [.send("+PONG\r\n")]
        default: nil
        }
    }

    let port: Int
    let calls = Mutex<[Call]>([])
    private let channel: any Channel

    private init(channel: any Channel, port: Int) {
        self.channel = channel
        self.port = port
    }

    var configuration: RedisConfiguration {
        var configuration = RedisConfiguration(address: .tcp(host: "127.0.0.1", port: port))
        configuration.firstBackoff = .milliseconds(1)
        configuration.maximumBackoff = .milliseconds(10)
        return configuration
    }

    static func run<Value: Sendable>(
        _ script: @escaping Script, isolation: isolated (any Actor)? = #isolation,
        _ body: (RedisConfiguration) async throws -> Value
    ) async throws -> Value {
        let connections = Atomic<Int>(0)
        let counter = { @Sendable in connections.add(1, ordering: .relaxed).newValue }
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answers(counter(), script))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        guard let port = channel.localAddress?.port else { preconditionFailure("a bound channel has a port") }
        let server = ImpostorServer(channel: channel, port: port)
        let outcome: Result<Value, any Error>
        do { outcome = .success(try await body(server.configuration)) } catch { outcome = .failure(error) }
        try await channel.close()
        return try outcome.get()
    }

    private final class Answers: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let connection: Int
        private let script: Script
        private var decoder = ReplyDecoder(maximumReplyBytes: 1 << 20)

        init(_ connection: Int, _ script: @escaping Script) {
            self.connection = connection
            self.script = script
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var calls: [Call] = []
            let bytes = unwrapInboundIn(data)
            bytes.withUnsafeReadableBytes { bytes in
                try? decoder.feed(bytes) { cursor in
                    let words = cursor.materialized().array?.compactMap(\.text) ?? []
                    calls.append(Call(connection: connection, words: words))
                }
            }
            for call in calls {
                for move in script(call) { perform(move, context.channel) }
            }
        }

        private func perform(_ move: Move, _ channel: any Channel) {
            switch move {
            case .send(let text): channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
            case .trickle(let text):
                for byte in text.utf8 { channel.writeAndFlush(ByteBuffer(bytes: [byte]), promise: nil) }
            case .close: channel.close(promise: nil)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
