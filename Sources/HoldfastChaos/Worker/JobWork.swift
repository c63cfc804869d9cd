import HoldfastJobs
import HoldfastPrograms
import HoldfastRedis
import HoldfastRuntime

/// Jobs with an effect each.
struct JobWork: Sendable {
    static let function = "chaos.effect"
    /// The same by a program of its own: ``JobProgram``.
    static let program = "chaos.program"
    static let queue = "effects"

    private let seat: WorkerSeat

    init(_ seat: WorkerSeat) { self.seat = seat }

    func run() async throws {
        let effects = JobEffects(on: seat.store)
        let runtime = seat.runtime
        let isKeyed = seat.settings.mutant != .keyOff
        var handlers = HandlerRegistry()
        handlers.register(Self.function) { (order: Order, context: JobContext) async throws -> Int64 in
            await runtime.reach(Points.begun)
            // A step of real work, during which a worker can be struck anywhere.
            try await runtime.sleep(for: .milliseconds(order.milliseconds))
            let key = isKeyed ? context.idempotencyKey(step: "effect") : context.executionID
            let place = try await effects.happen(for: "\(context.jobID)", key: key)
            await runtime.reach(Points.effected)
            return place
        }
        ProgramHandlers().register(try ProgramHandler(seat.programLine), for: Self.program, in: &handlers)
        try await Self.work(on: Self.queue, handlers, seat)
    }

    struct Order: Codable, Sendable {
        /// How long the work takes.
        var milliseconds: Int
    }

    /// A worker on one queue, until the task is cancelled.
    static func work(on queue: String, _ handlers: HandlerRegistry, _ seat: WorkerSeat) async throws {
        var configuration = WorkerConfiguration()
        configuration.name = seat.name
        configuration.concurrency = seat.settings.concurrency
        configuration.lease = .milliseconds(seat.settings.jobLease)
        configuration.crashLimit = 50
        configuration.grace = .seconds(10)
        let recorder = JobRecorder(seat.history)
        let worker = try Worker(
            queues: [try QueueName(queue)], client: seat.store, handlers: handlers, configuration: configuration,
            logger: seat.log, observe: { recorder.record($0) })
        try await worker.run()
    }
}
