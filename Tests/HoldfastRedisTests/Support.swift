@testable import HoldfastRedis

/// A client's events as a test awaits them.
struct Events: Sendable {
    let stream: AsyncStream<ConnectionEvent>
    private let continuation: AsyncStream<ConnectionEvent>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    var sink: @Sendable (ConnectionEvent) -> Void { { [continuation] in _ = continuation.yield($0) } }

    /// The first failure, of an attempt or of a connection, among the events to come.
    func failure() async -> RedisError? {
        for await event in stream {
            switch event {
            case .attemptFailed(let error, _), .disconnected(let error): return error
            case .connected: continue
            }
        }
        return nil
    }

    func connected() async -> ServerInfo? {
        for await event in stream {
            if case .connected(let info) = event { return info }
        }
        return nil
    }
}

/// Lends a client and closes it.
@discardableResult
func withClient<Value: Sendable>(
    _ configuration: RedisConfiguration, scripts: [RedisScript] = [], events: Events = Events(),
    isolation: isolated (any Actor)? = #isolation,
    _ body: (RedisClient) async throws -> Value
) async throws -> Value {
    let client = RedisClient(configuration, scripts: scripts, onEvent: events.sink)
    let outcome: Result<Value, any Error>
    do { outcome = .success(try await body(client)) } catch { outcome = .failure(error) }
    await client.close()
    return try outcome.get()
}

/// Everything that `chunks` decode to, or the error that broke the stream.
func decode(_ chunks: [[UInt8]], limit: Int = 1 << 20) -> (replies: [RedisReply], error: String?) {
    var decoder = ReplyDecoder(maximumReplyBytes: limit)
    var replies: [RedisReply] = []
    for chunk in chunks {
        var error: ReplyDecoder.Malformed?
        chunk.withUnsafeBytes { bytes in
            do throws(ReplyDecoder.Malformed) {
                try decoder.feed(bytes) { replies.append($0.materialized()) }
            } catch let malformed {
                error = malformed
            }
        }
        if let error { return (replies, error.message) }
    }
    return (replies, nil)
}
