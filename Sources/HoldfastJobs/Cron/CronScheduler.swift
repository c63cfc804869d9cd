public import HoldfastLocks
public import HoldfastRedis
import HoldfastRuntime
public import Logging

/// Enqueues the jobs of cron entries when they are due.
///
/// Run as many as you like: a tick is one conditional script, so it makes one job however many schedulers see it. With
/// lock nodes they elect a leader, and the others rest. Ticks that were missed while nobody ran are made up for by one
/// job. Times are the Redis server's.
public struct CronScheduler: Sendable {
    public let table: CronTable
    private let entries: [CronEntry]
    private let locks: LockCluster?
    private let logger: Logger
    private let observe: @Sendable (CronEvent) -> Void

    /// Entries that others define are noticed after this time at the latest.
    static let patience: Duration = .seconds(5)
    /// Entries that are looked at in one round trip.
    static let batch = 100

    /// - Parameters:
    ///   - entries: Defined when it starts to run, beside those in the table.
    ///   - locks: Lock nodes for the election of a leader.
    ///   - observe: Told of everything that happens, in the scheduler's task; must return quickly.
    public init(
        _ entries: [CronEntry] = [], client: RedisClient, keys: RQKeys = .standard, locks: LockCluster? = nil,
        logger: Logger = Logger(label: "holdfast.cron"), observe: @escaping @Sendable (CronEvent) -> Void = { _ in }
    ) {
        table = CronTable(client: client, keys: keys)
        self.entries = entries
        self.locks = locks
        self.logger = logger
        self.observe = observe
    }

    /// The lock that the leader of a prefix's schedulers holds.
    public func electionName() throws(JobsError) -> LockName {
        do { return try LockName("\(table.keys.prefix):cron") } catch {
            throw JobsError(.invalid, "no election can be named after the prefix \(table.keys.prefix): \(error)")
        }
    }

    /// Works until the task is cancelled. Failures of Redis or of the lock nodes are waited out.
    /// - Throws: ``JobsError`` with `invalid`, `unreadable`, `tooLarge` or `redis` when the given entries cannot be
    ///   defined at the start.
    public func run() async throws(JobsError) {
        for entry in entries { try await table.define(entry) }
        guard let locks else { return await work() }
        let election = Election(try electionName(), on: locks)
        while !Task.isCancelled {
            do {
                try await election.lead { _ in await work() }
            } catch {
                if Task.isCancelled { return }
                note(.troubled(String(describing: error)))
                try? await runtime.sleep(for: .milliseconds(100) + runtime.jitter(upTo: .milliseconds(400)))
            }
        }
    }

    private var runtime: any Runtime { table.client.runtime }

    private func work() async {
        note(.working)
        while !Task.isCancelled {
            var pause = Self.patience
            do {
                pause = try await pass()
            } catch {
                note(.troubled(error.message))
                pause = .milliseconds(100) + runtime.jitter(upTo: .milliseconds(400))
            }
            do { try await runtime.sleep(for: pause) } catch { return }
        }
    }

    /// Enqueues what is due. Returns how long to rest.
    private func pass() async throws(JobsError) -> Duration {
        let reply = try await JobsError.wrapping { () async throws(RedisError) in
            try await table.client.run(
                JobScripts.cronDue, keys: [], arguments: [RedisArgument(table.keys.prefix), RedisArgument(Self.batch)])
        }
        guard let parts = reply.array, parts.count >= 2, let now = parts[0].text.flatMap(CronTable.time) else {
            throw JobsError(.unreadable, "the cron script answered \(reply)")
        }
        var ticks = 0
        for part in parts.dropFirst(2) {
            guard let texts = part.array?.compactMap(\.text), texts.count == 3, let due = CronTable.time(texts[1])
            else {
                continue
            }
            do {
                try await tick(StoredCronEntry(name: texts[0], json: texts[2], due: due), due: due, now: now)
                ticks += 1
            } catch  where error.code == .unreadable {
                note(.unreadable(error))
            }
        }
        // Looks again for when those are due next, and for more.
        if ticks > 0 { return .zero }
        guard let next = parts[1].text.flatMap(CronTable.time) else { return Self.patience }
        // A millisecond more, so that it is due then.
        return min(.microseconds(max(0, next.microseconds - now.microseconds)) + .milliseconds(1), Self.patience)
    }

    private func tick(_ entry: StoredCronEntry, due: WallTime, now: WallTime) async throws(JobsError) {
        let job = JobID(unchecked: "\(entry.name)-\(CronTable.seconds(due))")
        let next = CronTable.seconds(entry.schedule.next(after: max(due, now)))
        var arguments = [table.keys.prefix, entry.name, entry.json, CronTable.seconds(due), next, entry.queue.text]
        arguments += [job.text, entry.placement] + entry.fields.flatMap { $0 }
        let call = arguments.map { RedisArgument($0) }
        let reply = try await JobsError.wrapping { () async throws(RedisError) in
            try await table.client.run(JobScripts.cronTick, keys: [], arguments: call)
        }
        switch reply.text {
        case "enqueued": note(.enqueued(entry: entry.name, job: job, due: due))
        case "live": note(.skipped(entry: entry.name, due: due))
        default: break
        }
    }

    private func note(_ event: CronEvent) {
        switch event {
        case .working: logger.info("working")
        case .enqueued(let entry, let job, _):
            logger.info("enqueued", metadata: ["entry": "\(entry)", "job": "\(job)"])
        case .skipped(let entry, _):
            logger.warning("skipped, the job before is live", metadata: ["entry": "\(entry)"])
        case .unreadable(let error): logger.error("\(error)")
        case .troubled(let reason): logger.warning("waiting: \(reason)")
        }
        observe(event)
    }
}
