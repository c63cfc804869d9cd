public import HoldfastRuntime
import Synchronization

/// One server, one pipelined connection that any number of tasks share; it reconnects by itself.
///
/// Commands of concurrent tasks travel in batches, and their replies come back in order. Cancelling a task drops its
/// wait only: the command may still be executed, and the connection stays.
public final class RedisClient: Sendable {
    public let configuration: RedisConfiguration
    public let runtime: any Runtime
    let link: Link
    let leases: LeasePool

    /// Begins to connect at once; see ``ready(within:)`` to wait for it.
    /// - Parameters:
    ///   - scripts: Loaded with every new connection, so that calling them costs one short command.
    ///   - strand: One that `transport` made, to be shared with other clients; by default a new one.
    ///   - onEvent: Called on the connection's strand; must return quickly.
    public init(
        _ configuration: RedisConfiguration, scripts: [RedisScript] = [],
        transport: any ByteTransport = NIOTransport(), runtime: any Runtime = LiveRuntime(),
        strand: (any Strand)? = nil, onEvent: @escaping @Sendable (ConnectionEvent) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.runtime = runtime
        link = Link(
            configuration, transport: transport, runtime: runtime, strand: strand, scripts: scripts, onEvent: onEvent)
        leases = LeasePool(link: link)
        link.start()
    }

    /// The server, as `host:port` or a socket's path.
    public var server: String { link.server }

    /// The serial context of the connection; its executor suits inner loops, see ``Strand/executor``.
    public var strand: any Strand { link.strand }

    /// What the server said of itself when the present connection was made.
    /// - Throws: why there is no connection now.
    public func serverInfo() throws(RedisError) -> ServerInfo { try link.current().info }

    /// Waits for a connection.
    /// - Throws: the last attempt's failure when there is none after `patience` (the connect timeout by default).
    @discardableResult
    public func ready(within patience: Duration? = nil) async throws(RedisError) -> ServerInfo {
        try await link.connection(patience: patience ?? configuration.connectTimeout).info
    }

    /// Sends a command and waits for its reply. While there is no connection it waits for one, up to the connect
    /// timeout. Waits for room when the outbox is full.
    ///
    /// A command that certainly was not sent, or that is ``RedisCommand/idempotent``, is sent again once after the
    /// connection was lost. Any other fails with what is known: `notSent` or `outcomeUnknown`.
    /// - Throws: ``RedisError``; an error reply has the code `server`.
    @discardableResult
    public func send(_ command: RedisCommand) async throws(RedisError) -> RedisReply {
        do {
            return try await attempt(command)
        } catch {
            let lost: Set<RedisError.Code> = [.disconnected, .timedOut, .protocolViolation]
            guard lost.contains(error.code), error.outcome == .notSent || command.isIdempotent else { throw error }
            return try await attempt(command)
        }
    }

    /// Sends several commands in one batch and waits for all; each has its own outcome, in the order of `commands`.
    /// They share a connection, so they are executed in order, but not atomically. Nothing is retried.
    public func pipeline(_ commands: [RedisCommand]) async throws(RedisError) -> [Result<RedisReply, RedisError>] {
        let connection = try await link.connection(patience: configuration.connectTimeout)
        var promises: [Promise<RedisReply>] = []
        promises.reserveCapacity(commands.count)
        var stop: RedisError?
        for command in commands {
            let promise = Promise<RedisReply>()
            promises.append(promise)
            // In order also means that nothing is executed behind a command that was not sent.
            if let stop {
                promise.resolve(.failure(stop))
                continue
            }
            do {
                try await append(command.encoded, to: connection.pipeline, .promise(promise))
            } catch {
                stop = error
                promise.resolve(.failure(error))
            }
        }
        var outcomes: [Result<RedisReply, RedisError>] = []
        outcomes.reserveCapacity(commands.count)
        for promise in promises {
            do {
                outcomes.append(.success(try await promise.wait(onCancel: cancelled)))
            } catch {
                outcomes.append(.failure(error))
            }
        }
        return outcomes
    }

    /// Runs a script: by digest, and by source where the server does not know it.
    /// - Parameter idempotent: Whether a repeat after an unknown outcome does no harm.
    @discardableResult
    public func run(
        _ script: RedisScript, keys: [RedisArgument], arguments: [RedisArgument] = [], idempotent: Bool = false
    ) async throws(RedisError) -> RedisReply {
        try await run(idempotent: idempotent) { bySource in
            script.encodeCall(keys: keys, arguments: arguments, bySource: bySource)
        }
    }

    @discardableResult
    public func run(
        _ script: RedisScript, keys: [RedisArgument], arguments: RedisArguments, idempotent: Bool = false
    ) async throws(RedisError) -> RedisReply {
        try await run(idempotent: idempotent) { bySource in
            script.encodeCall(keys: keys, arguments: arguments, bySource: bySource)
        }
    }

    private func run(
        idempotent: Bool, _ encode: (_ bySource: Bool) -> [UInt8]
    ) async throws(RedisError) -> RedisReply {
        func command(bySource: Bool) -> RedisCommand {
            let command = RedisCommand(encoded: encode(bySource))
            return idempotent ? command.idempotent : command
        }
        do {
            return try await send(command(bySource: false))
        } catch  where error.serverPrefix == "NOSCRIPT" {
            // Nothing ran: the server only looked the digest up.
            return try await send(command(bySource: true))
        }
    }

    /// Queues a command without waiting, for callers that collect replies in a sink of their own.
    ///
    /// Never suspends: without a connection, or at the bound, the sink gets the failure at once (`notSent`), on the
    /// caller's thread. `suffix` is sent right behind `encoded`, see ``RedisCommand/encodePrefix(_:_:missing:)``.
    /// - Parameter runID: When given, the only incarnation of the server that may get the command.
    public func submit(
        _ encoded: [UInt8], suffix: [UInt8]? = nil, onlyTo runID: String? = nil, to sink: any ReplySink, tag: Int
    ) {
        let refusal = queue(encoded, suffix: suffix, onlyTo: runID, to: sink, tag: tag, holding: false)
        if let refusal { sink.receive(.failed(refusal), tag: tag) }
    }

    /// The same, but a command that cannot be queued is refused by the result, and the sink hears nothing of it.
    /// - Parameter holding: Leaves it to the caller, who must be on the strand, to call ``flush()`` behind the last of
    ///   several commands, within the same turn: until then nothing is written.
    package func queue(
        _ encoded: [UInt8], suffix: [UInt8]? = nil, onlyTo runID: String? = nil, to sink: any ReplySink, tag: Int,
        holding: Bool
    ) -> RedisError? {
        let connection: Link.ReadyConnection
        do { connection = try link.current() } catch { return error }
        if let runID, runID != connection.info.runID {
            return RedisError(.disconnected, .notSent, "the server was restarted meanwhile", server: server)
        }
        switch connection.pipeline.append(encoded, suffix: suffix, .sink(sink, tag: tag), holding: holding) {
        case .queued: return nil
        case .full: return overloaded
        case .closed(let error): return error
        }
    }

    /// Hands what is queued to the socket now, where otherwise the strand's next turn would. On the strand only.
    package func flush() { link.flush() }

    /// Refuses new commands, lets those under way finish for at most `grace`, and closes all connections, those lent
    /// for blocking commands too. Idempotent; every caller waits for the end.
    ///
    /// A client that is dropped without it ends its connections at once, as if closed with no grace.
    public func close(grace: Duration = .seconds(5)) async {
        await link.close(grace: grace)
        leases.close()
    }

    /// A subscriber to the same server, reached in the same way, on a connection of its own. The caller closes it.
    public func subscriber() -> RedisSubscriber {
        RedisSubscriber(configuration, transport: link.transport, runtime: runtime)
    }

    /// Commands and batches written on the present connection: their ratio shows how well commands are batched.
    public var writeCounters: (commands: Int, batches: Int) {
        guard let pipeline = try? link.current().pipeline else { return (0, 0) }
        return (
            pipeline.commandsWritten.load(ordering: .relaxed), pipeline.batchesWritten.load(ordering: .relaxed)
        )
    }

    // MARK: -

    private func attempt(_ command: RedisCommand) async throws(RedisError) -> RedisReply {
        let connection = try await link.connection(patience: configuration.connectTimeout)
        let promise = Promise<RedisReply>()
        try await append(command.encoded, to: connection.pipeline, .promise(promise))
        return try await promise.wait(onCancel: cancelled)
    }

    private func append(
        _ encoded: [UInt8], to pipeline: Pipeline, _ waiter: Waiter
    ) async throws(RedisError) {
        if Task.isCancelled { throw RedisError(.cancelled, .notSent, "cancelled before sending", server: server) }
        while true {
            switch pipeline.append(encoded, waiter) {
            case .queued: return
            case .full: try await pipeline.room()
            case .closed(let error): throw error
            }
        }
    }

    private var cancelled: RedisError {
        RedisError(.cancelled, .outcomeUnknown, "the caller was cancelled", server: server)
    }

    private var overloaded: RedisError {
        RedisError(.overloaded, .notSent, "the bound of queued commands is reached", server: server)
    }
}
