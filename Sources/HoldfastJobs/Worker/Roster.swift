import DequeModule
import HoldfastRuntime

/// The executions of a worker and what is next to do: the state of its loop, as a value.
///
/// An execution is admitted (claimed, taken ahead), begun (a runner has it), concluded (its handler has returned) and
/// settled (its outcome is recorded); it leaves when it is neither run nor waits to be recorded.
struct Roster {
    enum Phase { case working, draining, stopping }

    enum Step {
        /// Record these outcomes and ask for this many jobs, in one round trip.
        case trip([Completion], take: Int)
        /// Nothing can be done until something happens, or until then.
        case wait(until: Instant?)
        case end
    }

    struct Entry {
        enum Handler {
            case notBegun
            case running(Runner, since: Instant)
            case over
        }

        enum Record { case none, pending, done }

        let execution: Execution
        var handler = Handler.notBegun
        var record = Record.none
        var verdict: Execution.Interruption?
        /// When a handler that was told to stop is waited for no longer.
        var patience: Instant?
        /// Whether its lease is worth a renewal.
        var isRenewed = true
    }

    let limits: Limits
    var phase = Phase.working
    var pace = Pace()
    var entries: [String: Entry] = [:]
    /// Claimed and not begun, in the order of their claims.
    var ahead = Deque<Execution>()
    /// Waiting to be recorded.
    var completions = Deque<Completion>()
    var runningCount = 0
    var takenCount = 0
    var queuesAreEmpty = false
    var idleSince: Instant
    /// What has happened in here and nobody outside has been told of.
    private var untold: [WorkerEvent] = []
    /// Executions that were taken away, and whose handlers go on no more.
    private var parted: [Execution] = []
    /// When the timekeeper looks next; it is told when something is due before.
    var alarm: Instant?

    /// What the configuration says, in short.
    struct Limits {
        var concurrency: Int
        var burst = false
        var maximumJobs: Int?
        var maximumIdle: Duration?
        var unwinding: Duration = .seconds(2)
    }

    init(_ limits: Limits, now: Instant) {
        self.limits = limits
        idleSince = now
    }

    /// At most this many outcomes travel together: what a script may hold up a server for.
    static let maximumBatch = 256
    /// Nor more of them than come to this many bytes, but for one.
    static let maximumBatchBytes = 24 << 20
    /// While every slot has work, an outcome waits this long for others to travel with.
    static let linger: Duration = .milliseconds(1)
    /// Executions that end before this age leave no record of their own.
    static let childhood: Duration = .milliseconds(200)
    /// Jobs that were taken ahead and wait longer than this behind slow ones are given back.
    static let stalling: Duration = .seconds(1)

    var isIdle: Bool { runningCount == 0 }
    var known: [String] { Array(entries.keys) }
    var renewable: [Execution] {
        entries.values.filter { $0.isRenewed && $0.record != .done }.map(\.execution)
    }

    /// Those whose lease should be renewed now: less than two thirds of it are left, or, for the first time, they have
    /// lived for a moment, since with the first renewal RQ's tools see them.
    func renewable(_ now: Instant, lease: Duration) -> [Execution] {
        renewable.filter { execution in
            execution.lease.deadline < now.advanced(by: lease * 2 / 3)
                || (!execution.lease.isRenewed && execution.sentAt.advanced(by: Self.childhood) <= now)
        }
    }
    /// Those whose handler has not returned, or has not been called.
    var running: [Execution] {
        entries.values.compactMap { if case .over = $0.handler { nil } else { $0.execution } }
    }

    // MARK: - The loop

    mutating func step(_ now: Instant) -> Step {
        if entries.isEmpty && isOver(now) { return .end }
        if completions.isEmpty {
            if wanted > 0 && hasRoom && !queuesAreEmpty { return .trip([], take: wanted) }
            return .wait(until: idleEnd)
        }
        guard isUrgent(now) else { return .wait(until: completions[0].endedAt.advanced(by: Self.linger)) }
        let batch = nextBatch()
        completions.removeFirst(batch.count)
        // One of them may put a job into a queue that was empty: a retry, a dependent.
        queuesAreEmpty = false
        return .trip(batch, take: wanted)
    }

    private func nextBatch() -> [Completion] {
        var bytes = 0
        var batch: [Completion] = []
        for completion in completions.prefix(Self.maximumBatch) {
            bytes += completion.outcome.bytes
            if bytes > Self.maximumBatchBytes && !batch.isEmpty { break }
            batch.append(completion)
        }
        return batch
    }

    private func isOver(_ now: Instant) -> Bool {
        if phase != .working || takenCount == limits.maximumJobs { return true }
        if limits.burst && queuesAreEmpty { return true }
        return idleEnd.map { $0 <= now } ?? false
    }

    private var idleEnd: Instant? {
        // Idle is who has looked and found nothing.
        guard entries.isEmpty, queuesAreEmpty, let span = limits.maximumIdle else { return nil }
        return idleSince.advanced(by: span)
    }

    private var hasRoom: Bool { runningCount + ahead.count < limits.concurrency }

    private var wanted: Int {
        guard phase == .working else { return 0 }
        let room = limits.concurrency + pace.ahead - runningCount - ahead.count
        let rest = limits.maximumJobs.map { $0 - takenCount } ?? .max
        return max(0, min(room, rest, Self.maximumBatch))
    }

    /// Whether outcomes should travel now: nothing else keeps this worker busy meanwhile, or they are many, or old.
    private func isUrgent(_ now: Instant) -> Bool {
        if completions.count >= Self.maximumBatch / 2 || phase != .working { return true }
        if ahead.isEmpty && runningCount < limits.concurrency { return true }
        return completions[0].endedAt.advanced(by: Self.linger) <= now
    }

    /// Whether the loop should be woken for what has just been concluded.
    private var isNews: Bool {
        completions.count == 1 || completions.count == Self.maximumBatch / 2 || ahead.isEmpty
    }

    // MARK: - An execution's way

    mutating func admit(_ executions: [Execution], _ now: Instant) {
        takenCount += executions.count
        for execution in executions {
            entries[execution.id] = Entry(execution: execution)
            if execution.lease.deadline > now { ahead.append(execution) } else { lapse(execution, now) }
        }
        // A shutdown came while they were on their way.
        if phase != .working { returnAhead(now) }
    }

    /// Begins as many jobs as there are free slots, each with a runner of its own.
    /// - Returns: what to run, and whether the timekeeper should look again.
    mutating func begin(_ now: Instant) -> (beginners: [(Runner, Execution)], alarmed: Bool) {
        var beginners: [(Runner, Execution)] = []
        var alarmed = false
        while runningCount < limits.concurrency, phase == .working, let execution = nextAhead(now) {
            let runner = Runner()
            alarmed = begin(execution, on: runner, now) || alarmed
            beginners.append((runner, execution))
        }
        return (beginners, alarmed)
    }

    /// The next that was taken ahead and may still be begun. After this process stood still the leases of those that
    /// waited may be over, and others may run their jobs.
    private mutating func nextAhead(_ now: Instant) -> Execution? {
        while let execution = ahead.popFirst() {
            if execution.lease.deadline > now { return execution }
            lapse(execution, now)
        }
        return nil
    }

    private mutating func lapse(_ execution: Execution, _ now: Instant) {
        if let event = interrupt(execution, .leaseExpired, now)?.event { untold.append(event) }
    }

    mutating func takeUntold() -> [WorkerEvent] {
        defer { untold = [] }
        return untold
    }

    mutating func takeParted() -> [Execution] {
        defer { parted = [] }
        return parted
    }

    private mutating func begin(_ execution: Execution, on runner: Runner, _ now: Instant) -> Bool {
        entries[execution.id]?.handler = .running(runner, since: now)
        runningCount += 1
        let lease = execution.lease.deadline
        return setAlarm(execution.timeout.map { min(lease, now.advanced(by: $0)) } ?? lease)
    }

    /// A handler has returned.
    /// - Returns: what its runner does next (nothing: it ends), whether to ring the loop's bell and the timekeeper's.
    mutating func conclude(
        _ execution: Execution, _ outcome: Outcome, _ now: Instant
    ) -> (next: Execution?, news: Bool, alarmed: Bool) {
        guard let entry = entries[execution.id], case .running(let runner, let since) = entry.handler else {
            preconditionFailure("an execution is concluded once, after it was begun")
        }
        runningCount -= 1
        entries[execution.id]?.handler = .over
        pace.ran(since.duration(to: now))
        switch entry.verdict {
        case nil:
            complete(execution, outcome, since: since, now)
        case .leaseLost, .stopped: part(execution, now)
        case .leaseExpired, .stopping, .timedOut, .killed:
            if entry.record == .none { complete(execution, .unfinished(begun: true), since: since, now) }
            if entry.record == .done { leave(execution, now) }
        }
        guard entry.verdict == nil, phase == .working, let next = nextAhead(now) else { return (nil, true, false) }
        let alarmed = begin(next, on: runner, now)
        return (next, isNews || !untold.isEmpty, alarmed)
    }

    /// The server has judged an outcome, or it was given up.
    mutating func settle(_ execution: Execution, _ now: Instant) {
        guard let entry = entries[execution.id] else { return }
        entries[execution.id]?.record = .done
        entries[execution.id]?.isRenewed = false
        if case .running = entry.handler { return }
        leave(execution, now)
    }

    /// Outcomes that were not answered travel again, before the others.
    mutating func resend(_ batch: [Completion]) { completions.prepend(contentsOf: batch) }

    mutating func complete(_ execution: Execution, _ outcome: Outcome, since: Instant, _ now: Instant) {
        entries[execution.id]?.record = .pending
        completions.append(
            Completion(
                execution: execution, outcome: outcome, begunAt: execution.serverTime(at: since),
                span: since.duration(to: now), endedAt: now,
                isTold: entries[execution.id]?.verdict == .leaseExpired))
    }

    private mutating func part(_ execution: Execution, _ now: Instant) {
        parted.append(execution)
        leave(execution, now)
    }

    private mutating func leave(_ execution: Execution, _ now: Instant) {
        entries.removeValue(forKey: execution.id)
        if entries.isEmpty { idleSince = now }
    }

    // MARK: - Interruptions

    struct Interrupted {
        /// Whose task is to be cancelled.
        var runner: Runner?
        /// What to tell of it.
        var event: WorkerEvent?
    }

    private static let killed = Outcome.failure(
        reason: "the execution was killed on request (kill-horse)", retry: .policy)

    /// Tells an execution to stop. The first reason counts, and none does after the handler has returned.
    mutating func interrupt(_ execution: Execution, _ reason: Execution.Interruption, _ now: Instant) -> Interrupted? {
        guard let entry = entries[execution.id], entry.verdict == nil else { return nil }
        let event: WorkerEvent? =
            switch reason {
            case .leaseLost, .leaseExpired: .leaseLost(execution.info)
            case .stopped: .jobStopped(execution.info)
            case .timedOut, .killed, .stopping: nil
            }
        switch entry.handler {
        case .over: return nil
        case .notBegun:
            ahead.removeAll { $0 === execution }
            entries[execution.id]?.handler = .over
            entries[execution.id]?.verdict = reason
            switch reason {
            case .leaseLost, .stopped: part(execution, now)
            case .killed: complete(execution, Self.killed, since: now, now)
            case .leaseExpired, .stopping, .timedOut:
                complete(execution, .unfinished(begun: false), since: now, now)
            }
            return Interrupted(event: event)
        case .running(let runner, let since):
            entries[execution.id]?.verdict = reason
            switch reason {
            case .leaseLost, .leaseExpired, .stopped: entries[execution.id]?.isRenewed = false
            case .timedOut:
                // Recorded now: a handler that does not listen must not keep its job from failing.
                let limit = execution.timeout.map { "\($0.seconds) s" } ?? "its timeout"
                complete(
                    execution, .failure(reason: "the job took longer than \(limit)", retry: .policy), since: since, now)
            case .killed: complete(execution, Self.killed, since: since, now)
            case .stopping:
                let patience = now.advanced(by: limits.unwinding)
                entries[execution.id]?.patience = patience
                _ = setAlarm(patience)
            }
            return Interrupted(runner: runner, event: event)
        }
    }

    /// The first request drains, the next one stops. What was taken ahead is given back by either.
    /// - Returns: whom to interrupt because of it.
    mutating func requestShutdown(atOnce: Bool, _ now: Instant) -> [Execution] {
        if phase == .stopping { return [] }
        phase = atOnce || phase == .draining ? .stopping : .draining
        returnAhead(now)
        return phase == .stopping ? running : []
    }

    /// Gives back what was taken ahead if it waits too long behind slow jobs.
    mutating func relieve(_ now: Instant) {
        guard let oldest = ahead.first, oldest.sentAt.advanced(by: Self.stalling) < now else { return }
        pace.stall()
        returnAhead(now)
    }

    private mutating func returnAhead(_ now: Instant) {
        while let execution = nextAhead(now) {
            entries[execution.id]?.handler = .over
            complete(execution, .unfinished(begun: false), since: now, now)
        }
    }
}
