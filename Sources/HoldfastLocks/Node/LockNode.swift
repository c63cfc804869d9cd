import HoldfastRuntime
import HoldfastRedis
import Synchronization

/// One lock node as a client sees it: its connection, and whether its present incarnation may vote.
final class LockNode: Sendable {
    enum Standing: Sendable, Equatable {
        /// Not looked at since the connection was made.
        case unknown
        /// Checked: this incarnation is admitted, and its descriptor fits. Holds the encoded run id.
        case voting(runID: String, encoded: [UInt8])
        /// May not vote yet, and why.
        case waiting(String)
        /// Belongs to another cluster or place; never used.
        case foreign(String)
    }

    let index: Int
    let client: RedisClient
    let rounds: SharedByRounds
    private let standing: Shared
    private let wake: AsyncStream<Void>.Continuation
    private let laggedUntil = Mutex<Instant?>(nil)

    private final class Shared: Sendable { let value = Mutex(Standing.unknown) }

    init(
        index: Int, _ configuration: RedisConfiguration, strand: any Strand, transport: any ByteTransport,
        runtime: any Runtime, rounds: SharedByRounds, wake: AsyncStream<Void>.Continuation
    ) {
        self.index = index
        self.rounds = rounds
        self.wake = wake
        let shared = Shared()
        standing = shared
        client = RedisClient(
            configuration, scripts: LockScripts.all, transport: transport, runtime: runtime, strand: strand,
            onEvent: { event in
                if case .attemptFailed = event { return }
                shared.value.withLock { $0 = .unknown }
                wake.yield()
            })
    }

    var current: Standing { standing.value.withLock { $0 } }

    /// The run id to send along, and the same as an encoded argument; nil when the node may not be asked.
    var votingRunID: (text: String, encoded: [UInt8])? {
        standing.value.withLock { if case .voting(let runID, let encoded) = $0 { (runID, encoded) } else { nil } }
    }

    /// Why there is no connection; nil when there is one.
    var connectionError: RedisError? {
        do {
            _ = try client.serverInfo()
            return nil
        } catch {
            return error
        }
    }

    /// The node said that it may not vote, though it was thought to: have it looked at again.
    func doubt() {
        standing.value.withLock { $0 = .unknown }
        wake.yield()
    }

    /// The node kept others waiting. Who has a choice asks others for a while.
    func lags() {
        let until = rounds.runtime.now.advanced(by: Self.penalty)
        laggedUntil.withLock { $0 = until }
    }

    /// Whether the node may vote, and has not been slower than others of late.
    func isPrompt(at now: Instant) -> Bool {
        votingRunID != nil && laggedUntil.withLock { $0.map { $0 <= now } ?? true }
    }

    /// How long a slow node is spared. Then an attempt finds out whether it still is, and waits for it somewhat longer
    /// than usual.
    private static let penalty = Duration.seconds(1)

    /// Records a judgement made about incarnation `runID`, unless another is connected by now.
    func settle(_ judged: Standing, runID: String) {
        func isPresent() -> Bool { (try? client.serverInfo().runID) == runID }
        guard isPresent() else { return }
        standing.value.withLock { $0 = judged }
        // The connection may have changed in between, and its event come before the judgement.
        if !isPresent() { doubt() }
    }
}

/// What all rounds of a cluster share; its nodes hand it on to them.
final class SharedByRounds: Sendable {
    /// How many rounds of grants and write-backs were sent.
    let acquisitions = Atomic<Int>(0)
    let deadlines: RoundDeadlines
    let dispatcher: Dispatcher
    let hedgeDelay: HedgeDelay
    let meters: LockMeters
    let runtime: any Runtime

    /// - Parameter record: The key of a node's record.
    init(
        strand: any Strand, runtime: any Runtime, meters: LockMeters, record: RedisArgument, hedgeDelay: HedgeDelay
    ) {
        dispatcher = Dispatcher(strand: strand, record: record)
        deadlines = RoundDeadlines(strand: strand, runtime: runtime)
        self.hedgeDelay = hedgeDelay
        self.meters = meters
        self.runtime = runtime
    }
}
