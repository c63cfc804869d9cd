/// A connection leased for blocking commands, one at a time.
///
/// A caller that is cancelled while it blocks costs this connection, because the server goes on waiting on it; the
/// client's shared connection is not touched.
public final class BlockingConnection: Sendable {
    private let connection: Link.ReadyConnection
    private let strand: any Strand

    init(_ connection: Link.ReadyConnection, strand: any Strand) {
        self.connection = connection
        self.strand = strand
    }

    /// Sends the command and waits for its reply: `.null` when its timeout passed.
    public func send(_ command: BlockingCommand) async throws(RedisError) -> RedisReply {
        try await exchange(command.encoded, patience: command.timeout)
    }

    /// Sends an ordinary command on this connection.
    @discardableResult
    public func send(_ command: RedisCommand) async throws(RedisError) -> RedisReply {
        try await exchange(command.encoded, patience: .zero)
    }

    private func exchange(_ encoded: [UInt8], patience: Duration) async throws(RedisError) -> RedisReply {
        let pipeline = connection.pipeline
        let server = pipeline.server
        // The watchdog must not mistake a wait at the server for a dead server.
        strand.execute { pipeline.allow(extra: patience) }
        let promise = Promise<RedisReply>()
        switch pipeline.append(encoded, .promise(promise)) {
        case .queued: break
        case .full:
            let message = "more commands at once than a leased connection takes"
            throw RedisError(.overloaded, .notSent, message, server: server)
        case .closed(let error): throw error
        }
        return try await promise.wait(
            onCancel: RedisError(.cancelled, .outcomeUnknown, "the caller was cancelled", server: server))
    }

    /// Whether the connection stands and nothing is under way, so that the next user may have it.
    var isReusable: Bool { connection.pipeline.closedReason == nil && connection.pipeline.outstanding == 0 }

    func end() {
        let pipeline = connection.pipeline
        strand.execute {
            pipeline.end(RedisError(.closed, .notSent, "the lease has ended", server: pipeline.server))
        }
    }
}

extension RedisClient {
    /// Lends a connection for blocking commands and takes it back when `body` ends. Idle ones are kept for the next
    /// lease, up to a bound.
    public func withBlockingConnection<Result: Sendable>(
        isolation: isolated (any Actor)? = #isolation,
        _ body: (BlockingConnection) async throws -> Result
    ) async throws -> Result {
        let connection = try await leases.take()
        defer { leases.giveBack(connection) }
        return try await body(connection)
    }
}
