public import HoldfastRedis
import HoldfastRuntime
public import Logging
import Synchronization

/// Runs the jobs of an ordered list of queues: the first queue's before the second's, and so on.
///
/// Give the client ``JobScripts/all``. The client stays the caller's: it is not closed here.
public final class Worker: Sendable {
    public let name: String
    public let queues: [QueueName]
    /// What this worker serves beside them and before them: callbacks of their jobs, and webhooks.
    let ownQueues: [QueueName]
    public let configuration: WorkerConfiguration
    let client: RedisClient
    let keys: RQKeys
    let handlers: HandlerRegistry
    let logger: Logger
    let instance: String
    let state: Mutex<State>
    /// Rung when the loop should look again.
    let bell = Bell()
    /// Rung when something is due earlier than the timekeeper knows.
    let alarm = Bell()
    let draining = OneShot<Void>()
    let watchers: [QueueWatcher]
    private let meters: JobMeters
    let spans: JobSpans
    /// Saves what handlers say about their progress.
    let meta: MetaPump
    private let observe: @Sendable (WorkerEvent) -> Void

    struct State {
        var roster: Roster
        var rotation: QueueRotation
        var counters = WorkerCounters()
        var hasRun = false
        /// Takes in a row that found trouble and no job.
        var vainTakes = 0
    }

    /// - Parameter observe: Told of everything that happens, in the worker's tasks; must return quickly.
    /// - Throws: ``JobsError`` with `invalid`.
    public init(
        queues: [QueueName], client: RedisClient, handlers: HandlerRegistry,
        configuration: WorkerConfiguration = WorkerConfiguration(), keys: RQKeys = .standard,
        logger: Logger = Logger(label: "holdfast.worker"), telemetry: JobTelemetry = .system,
        observe: @escaping @Sendable (WorkerEvent) -> Void = { _ in }
    ) throws(JobsError) {
        try configuration.validate(queues: queues)
        let instance = client.runtime.randomHex(bytes: 16)
        name = configuration.name ?? instance
        self.queues = queues
        let deliveries = (handlers.deliversWebhooks ? [WebhookDelivery.queue] : []).filter { !queues.contains($0) }
        ownQueues = queues.map(\.callbacks).filter { !queues.contains($0) } + deliveries
        self.configuration = configuration
        self.client = client
        self.keys = keys
        self.handlers = handlers
        var logger = logger
        logger[metadataKey: "worker"] = "\(name)"
        self.logger = logger
        self.instance = instance
        meta = MetaPump(client: client, keys: keys, logger: logger)
        self.observe = observe
        spans = JobSpans(telemetry.tracer)
        meters = JobMeters(telemetry.metrics, queues: queues, runtime: client.runtime)
        state = Mutex(
            State(
                roster: Roster(configuration.limits, now: client.runtime.now),
                rotation: QueueRotation(queues, configuration.order)))
        watchers = (queues + deliveries).prefix(WorkerConfiguration.maximumWatchedQueues).map {
            QueueWatcher($0, keys, client: client)
        }
    }

    /// What it has done so far.
    public var counters: WorkerCounters { state.withLock { $0.counters } }

    /// The executions that run now, or are about to.
    public var running: [ExecutionInfo] { state.withLock { $0.roster.running.map(\.info) } }

    /// Stops taking jobs; those that run have ``WorkerConfiguration/grace`` to finish, then they are cancelled and
    /// given back to the front of their queues. A second call does that at once. Never waits: ``run()`` returns when
    /// all is done.
    public func shutdown() {
        shutdown(atOnce: false)
    }

    func shutdown(atOnce: Bool) {
        let now = client.runtime.now
        let interrupted = state.withLock { $0.roster.requestShutdown(atOnce: atOnce, now) }
        for execution in interrupted { interrupt(execution, .stopping) }
        draining.give(())
        bell.ring()
    }

    func note(_ event: WorkerEvent) {
        // What a service could not finish because the worker ends is no trouble.
        if case .troubled = event, Task.isCancelled { return }
        state.withLock { $0.counters.count(event) }
        log(event)
        meters.count(event)
        observe(event)
    }

    /// Something may wait in the queues.
    @Sendable func lookAgain() {
        state.withLock { $0.roster.queuesAreEmpty = false }
        bell.ring()
    }

    var served: [QueueName] { ownQueues + queues }

    func argument(list: [QueueName]) -> [RedisArgument] { list.map { RedisArgument($0.text) } }

    var prefix: RedisArgument { RedisArgument(keys.prefix) }
}
