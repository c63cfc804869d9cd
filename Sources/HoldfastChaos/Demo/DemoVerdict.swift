public import HoldfastHistory
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

    /// What the checkers said, one guarantee each.
    public var judgements: [Judgement]
    public var lines: [Line] = []

    /// Whether every guarantee held, and the planned faults really happened.
    public var holds: Bool { !lines.contains { $0.holds == false } }

    init(_ history: History, faults: Injector.Counts, plan: FaultPlan, drained: Bool, failedJobs: Int) {
        let ledger = LedgerCheck.judge(history)
        let writes = AcceptanceCheck.judge(history)
        let tokens = TokenCheck.judge(history)
        let jobs = JobCheck.judge(history)
        judgements = [ledger, writes, tokens, jobs]
        let asked = ledger.figure("transfers asked")
        add("transfers asked", asked)
        add("transfers applied", ledger.figure("transfers applied"), mustBe: asked)
        add("  applied twice", ledger.figure("applied twice"), mustBe: 0)
        add("  lost", ledger.figure("lost"), mustBe: 0)
        add("  never asked for", ledger.figure("never asked for"), mustBe: 0)
        add("money before", ledger.figure("money before"))
        add("money after", ledger.figure("money after"), mustBe: ledger.figure("money before"))
        add("accounts with a wrong balance", ledger.figure("accounts with a wrong balance"), mustBe: 0)
        add("stale writes attempted", writes.figure("stale writes attempted"))
        add("  refused", writes.figure("stale writes refused"))
        add("  accepted", writes.figure("stale writes accepted"), mustBe: 0)
        add("written from an outdated read", ledger.figure("written from an outdated read"), mustBe: 0)
        add("locks granted", tokens.figure("issued"))
        let lost = history.operations(HistoryFunction.release).count { $0.outcome == .fail }
        add("  lost to a pause or a failure", Int64(lost))
        add("tokens issued twice", tokens.figure("issued twice"), mustBe: 0)
        add("tokens out of order", tokens.figure("out of order"), mustBe: 0)
        add("jobs executed more than once", jobs.figure("executed more than once"))
        add("jobs lost", jobs.figure("jobs lost"), mustBe: 0)
        add("jobs failed", Int64(failedJobs), mustBe: 0)
        lines.append(Line(what: "queue empty at the end", value: drained ? "yes" : "no", holds: drained))
        let recovery = Self.recovery(JobRecovery.times(in: history))
        lines.append(Line(what: "recovery after a kill, p50 / max", value: recovery, holds: nil))
        let planned = plan.counts
        add("worker kills", faults.workerKills, atLeast: planned.workerKills * 5 / 7)
        add("pauses beyond the lease", faults.pauses, atLeast: planned.pauses * 3 / 5)
        add("lock node kills", faults.nodeKills, atLeast: planned.nodeKills * 3 / 4)
        // Not the plan's doing: the rest of the run was held by fewer nodes than it says.
        if faults.lostNodes > 0 { add("lock nodes that stayed down", Int64(faults.lostNodes), mustBe: 0) }
    }

    private mutating func add(_ what: String, _ value: Int64?, mustBe expected: Int64? = nil) {
        lines.append(Line(what: what, value: value.map(String.init) ?? "", holds: expected.map { value == $0 }))
    }

    /// A run that did not suffer what it planned proves nothing.
    private mutating func add(_ what: String, _ value: Int, atLeast minimum: Int) {
        lines.append(Line(what: what, value: "\(value)", holds: value >= minimum))
    }

    private static func recovery(_ sorted: [Duration]) -> String {
        guard let longest = sorted.last else { return "none needed" }
        func text(_ span: Duration) -> String { "\((span.seconds * 10).rounded() / 10) s" }
        return "\(text(sorted[(sorted.count - 1) / 2])) / \(text(longest))"
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
