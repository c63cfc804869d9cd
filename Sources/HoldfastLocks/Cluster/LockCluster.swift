public import HoldfastRedis
public import HoldfastRuntime
public import Logging
import Synchronization

/// Locks over N independent Redis nodes (Redlock,
/// https://redis.io/docs/latest/develop/use/patterns/distributed-locks/), with fencing tokens issued by a majority.
///
/// One cluster object serves any number of tasks over one connection a node.
public final class LockCluster: Sendable {
    public let configuration: LockClusterConfiguration
    public let runtime: any Runtime
    let nodes: [LockNode]
    let keys: LockKeys
    let quorum: Quorum
    let keeper: Keeper
    private let keeping: OwnedTask
    private let wake: AsyncStream<Void>.Continuation
    private let observer: @Sendable (LockEvent) -> Void
    let meters: LockMeters
    let spans: LockSpans
    let releases: ReleaseChannels
    let turnstile = Turnstile()
    /// Behind the random part of every owner value.
    let ownerSuffix: String

    /// Connects to the nodes and waits until a majority of them may vote.
    /// - Parameters:
    ///   - patience: How long to wait for that majority.
    ///   - observer: Told of every acquisition, loss and release; called on the acting task, must return quickly.
    /// - Throws: ``LockError/invalid(_:)`` or ``LockError/unavailable(name:nodes:)`` with each node's reason.
    public static func connect(
        _ configuration: LockClusterConfiguration, patience: Duration = .seconds(5),
        transport: any ByteTransport = NIOTransport(), runtime: any Runtime = LiveRuntime(),
        log: Logger = Logger(label: "holdfast.locks"), telemetry: LockTelemetry = .system,
        observer: @escaping @Sendable (LockEvent) -> Void = { _ in }
    ) async throws(LockError) -> LockCluster {
        try configuration.validate()
        if configuration.nodes.count == 1 {
            log.notice("a lock cluster of one node tolerates no failure: for development only")
        }
        let cluster = LockCluster(configuration, transport, runtime, log, telemetry, observer)
        let deadline = runtime.now.advanced(by: patience)
        while true {
            if cluster.votingNodes >= cluster.quorum.majority { return cluster }
            guard runtime.now < deadline, !Task.isCancelled else {
                let report = cluster.report()
                await cluster.close()
                throw Task.isCancelled ? .cancelled(name: "the lock cluster") : report
            }
            try? await runtime.sleep(for: .milliseconds(5))
        }
    }

    private init(
        _ configuration: LockClusterConfiguration, _ transport: any ByteTransport, _ runtime: any Runtime,
        _ log: Logger, _ telemetry: LockTelemetry, _ observer: @escaping @Sendable (LockEvent) -> Void
    ) {
        self.configuration = configuration
        self.runtime = runtime
        self.observer = observer
        keys = LockKeys(prefix: configuration.prefix)
        ownerSuffix = configuration.label.isEmpty ? "" : " " + configuration.label
        quorum = Quorum(nodes: configuration.nodes.count)
        let (stream, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.wake = wake
        // One strand for all nodes: a round's replies need no thread hop among them.
        let strand = transport.makeStrand()
        let meters = LockMeters(telemetry.metrics, nodes: configuration.nodes.map { "\($0.address)" })
        self.meters = meters
        spans = LockSpans(telemetry.tracer)
        let rounds = SharedByRounds(
            strand: strand, runtime: runtime, meters: meters, record: keys.node,
            hedgeDelay: HedgeDelay(shortest: configuration.shortestHedgeDelay))
        let nodes = configuration.nodes.enumerated().map { index, node in
            LockNode(
                index: index, node, strand: strand, transport: transport, runtime: runtime, rounds: rounds, wake: wake)
        }
        self.nodes = nodes
        releases = ReleaseChannels {
            configuration.nodes.map { RedisSubscriber($0, transport: transport, runtime: runtime) }
        }
        let keeper = Keeper(nodes, keys: keys, runtime: runtime, log: log)
        self.keeper = keeper
        keeping = runtime.own {
            await keeper.run(wake: stream) {
                for node in nodes { meters.node(node.index, isVoting: node.votingRunID != nil) }
            }
        }
    }

    /// The executor of the connections' event loop, for tight loops of our own; see ``Strand/executor``.
    public var executor: any TaskExecutor { nodes[0].client.strand.executor }

    /// What all nodes agree on; nil before a majority was seen.
    public var descriptor: ClusterDescriptor? { keeper.cluster }

    /// How many rounds of messages the acquisitions have taken so far, attempts that failed included: one for each
    /// attempt, one more to write a token back, and one more when the name's home, or a majority, was asked first and
    /// the others behind it.
    public var acquisitionRounds: Int { nodes[0].rounds.acquisitions.load(ordering: .relaxed) }

    /// How many nodes may vote now.
    public var votingNodes: Int { nodes.count { $0.votingRunID != nil } }

    /// Each node's standing in words, in the order of the configuration.
    public var standings: [(server: String, isVoting: Bool, reason: String)] {
        nodes.map { node in
            switch node.current {
            case .voting: (node.client.server, true, "voting")
            case .waiting(let reason), .foreign(let reason): (node.client.server, false, reason)
            case .unknown: (node.client.server, false, node.connectionError?.message ?? "being looked at")
            }
        }
    }

    /// Closes the connections. Leases that are still held expire at the nodes.
    public func close() async {
        wake.finish()
        await keeping.end()
        await releases.close()
        await nodes[0].rounds.dispatcher.finish()
        for node in nodes { await node.client.close(grace: .milliseconds(100)) }
    }

    var isClosed: Bool { releases.isClosed }

    func notify(_ event: LockEvent) { observer(event) }

    private func report() -> LockError {
        let outcomes = nodes.map { node -> NodeOutcome in
            if let error = node.connectionError { return .unreachable(error) }
            switch node.current {
            case .voting: return .granted(FencingToken(rawValue: 0))
            case .unknown: return .noAnswer
            case .waiting(let reason), .foreign(let reason):
                return .failed(RedisError(.unexpectedReply, .answered, reason, server: node.client.server))
            }
        }
        return .unavailable(name: "anything", nodes: outcomes)
    }
}
