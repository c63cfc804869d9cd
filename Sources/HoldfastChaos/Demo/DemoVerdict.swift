import HoldfastHistory
public import HoldfastResources
import HoldfastRuntime

/// What a demonstration came to.
public struct DemoVerdict: Sendable, Hashable {
    /// One line of the verdict: a number, and what it had to be.
    public struct Line: Sendable, Hashable {
        public var what: String
        public var value: String
        /// Nil: told, not judged.
        public var holds: Bool?
    }

    public var audit: LedgerAudit
    public var lines: [Line] = []

    /// Whether every guarantee held, and the planned faults really happened.
    public var holds: Bool { !lines.contains { $0.holds == false } }

    init(
        audit: LedgerAudit, events: [HistoryEvent], faults: Injector.Counts, plan: FaultPlan, drained: Bool,
        failedJobs: Int
    ) {
        self.audit = audit
        let tokens = TokenCheck(events)
        let jobs = JobFigures(events)
        add("transfers asked", audit.asked)
        add("transfers applied", audit.applied, mustBe: audit.asked)
        add("  applied twice", audit.appliedTwice.count, mustBe: 0)
        add("  lost", audit.lost.count, mustBe: 0)
        add("  never asked for", audit.unexpected.count, mustBe: 0)
        add("money before", Int(audit.moneyBefore))
        add("money after", Int(audit.moneyAfter), mustBe: Int(audit.moneyBefore))
        add("accounts with a wrong balance", audit.wrongAccounts.count, mustBe: 0)
        add("stale writes attempted", audit.staleRefused + audit.staleAccepted)
        add("  refused", audit.staleRefused)
        add("  accepted", audit.staleAccepted, mustBe: 0)
        add("written from an outdated read", audit.brokenSteps, mustBe: 0)
        add("locks granted", tokens.issued)
        add("  lost to a pause or a failure", events.count { if case .lost = $0.kind { true } else { false } })
        add("tokens issued twice", tokens.duplicates.count, mustBe: 0)
        add("tokens out of order", tokens.outOfOrder.count, mustBe: 0)
        add("jobs executed more than once", jobs.repeated)
        add("jobs failed", failedJobs, mustBe: 0)
        lines.append(Line(what: "queue empty at the end", value: drained ? "yes" : "no", holds: drained))
        lines.append(Line(what: "recovery after a kill, p50 / max", value: jobs.recovery, holds: nil))
        let planned = plan.counts
        add("worker kills", faults.workerKills, atLeast: planned.workerKills * 5 / 7)
        add("pauses beyond the lease", faults.pauses, atLeast: planned.pauses * 3 / 5)
        add("lock node kills", faults.nodeKills, atLeast: planned.nodeKills * 3 / 4)
        // Not the plan's doing: the rest of the run was held by fewer nodes than it says.
        if faults.lostNodes > 0 { add("lock nodes that stayed down", faults.lostNodes, mustBe: 0) }
    }

    private mutating func add(_ what: String, _ value: Int, mustBe expected: Int? = nil) {
        lines.append(Line(what: what, value: "\(value)", holds: expected.map { value == $0 }))
    }

    /// A run that did not suffer what it planned proves nothing.
    private mutating func add(_ what: String, _ value: Int, atLeast minimum: Int) {
        lines.append(Line(what: what, value: "\(value)", holds: value >= minimum))
    }
}

extension FaultPlan {
    var counts: Injector.Counts {
        var counts = Injector.Counts()
        for entry in entries {
            switch entry.fault {
            case .killWorker: counts.workerKills += 1
            case .pauseWorker: counts.pauses += 1
            case .killNode: counts.nodeKills += 1
            }
        }
        return counts
    }
}

/// What the histories tell of the jobs.
struct JobFigures {
    /// Jobs with more than one execution.
    var repeated = 0
    /// From a worker's death until each of its jobs ran again.
    var recoveries: [Duration] = []

    init(_ events: [HistoryEvent]) {
        var executions: [String: Int] = [:]
        var running: [String: Set<String>] = [:]
        var orphans: [String: WallTime] = [:]
        for event in events {
            switch event.kind {
            case .jobStarted(let job, _):
                executions[job, default: 0] += 1
                running[event.who, default: []].insert(job)
                if let died = orphans.removeValue(forKey: job) {
                    recoveries.append(.microseconds(event.time.microseconds - died.microseconds))
                }
            case .jobEnded(let job, _, _): running[event.who]?.remove(job)
            case .fault(let what, let target) where what.hasPrefix("SIGKILL"):
                for job in running.removeValue(forKey: target) ?? [] { orphans[job] = event.time }
            default: break
            }
        }
        repeated = executions.count { $0.value > 1 }
    }

    var recovery: String {
        let sorted = recoveries.sorted()
        guard let longest = sorted.last else { return "none needed" }
        func text(_ span: Duration) -> String { "\((span.seconds * 10).rounded() / 10) s" }
        return "\(text(sorted[(sorted.count - 1) / 2])) / \(text(longest))"
    }
}
