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

    init(_ result: ChaosResult) {
        judgements = result.judgements
        func figure(_ guarantee: String, _ name: String) -> Int64? { result.judgement(guarantee)?.figure(name) }
        func ledger(_ name: String) -> Int64? { figure(LedgerCheck.guarantee, name) }
        func writes(_ name: String) -> Int64? { figure(AcceptanceCheck.guarantee, name) }
        func tokens(_ name: String) -> Int64? { figure(TokenCheck.guarantee, name) }
        func jobs(_ name: String) -> Int64? { figure(JobCheck.guarantee, name) }
        add("transfers asked", ledger("transfers asked"))
        add("transfers applied", ledger("transfers applied"), mustBe: ledger("transfers asked"))
        add("  applied twice", ledger("applied twice"), mustBe: 0)
        add("  lost", ledger("lost"), mustBe: 0)
        add("  never asked for", ledger("never asked for"), mustBe: 0)
        add("money before", ledger("money before"))
        add("money after", ledger("money after"), mustBe: ledger("money before"))
        add("accounts with a wrong balance", ledger("accounts with a wrong balance"), mustBe: 0)
        add("stale writes attempted", writes("stale writes attempted"))
        add("  refused", writes("stale writes refused"))
        add("  accepted", writes("stale writes accepted"), mustBe: 0)
        add("written from an outdated read", ledger("written from an outdated read"), mustBe: 0)
        add("locks granted", tokens("issued"))
        add("  lost to a pause or a failure", Int64(result.occurrences[Occurrence.leaseLost.rawValue] ?? 0))
        add("tokens issued twice", tokens("issued twice"), mustBe: 0)
        add("tokens out of order", tokens("out of order"), mustBe: 0)
        add("jobs executed more than once", jobs("executed more than once"))
        add("jobs lost", jobs("jobs lost"), mustBe: 0)
        add("jobs failed", Int64(result.jobsFailed), mustBe: 0)
        lines.append(
            Line(what: "queue empty at the end", value: result.isDrained ? "yes" : "no", holds: result.isDrained))
        let recovery = Self.recovery(jobs("recovery p50 in ms"), jobs("recovery max in ms"))
        lines.append(Line(what: "recovery after a kill, p50 / max", value: recovery, holds: nil))
        for (title, what) in [
            ("kill worker", "worker kills"), ("pause worker", "pauses beyond the lease"),
            ("kill node", "lock node kills"),
        ] {
            let tally = result.faults.first { $0.title == title }
            lines.append(Line(what: what, value: "\(tally?.confirmed ?? 0)", holds: tally?.isEnough ?? true))
        }
        // What no line above counts must not be passed over.
        for judgement in judgements where judgement.verdict != .valid {
            let isBroken = judgement.verdict == .invalid
            lines.append(
                Line(what: judgement.guarantee, value: judgement.verdict.rawValue, holds: isBroken ? false : nil))
        }
    }

    private mutating func add(_ what: String, _ value: Int64?, mustBe expected: Int64? = nil) {
        lines.append(Line(what: what, value: value.map(String.init) ?? "", holds: expected.map { value == $0 }))
    }

    private static func recovery(_ median: Int64?, _ longest: Int64?) -> String {
        guard let median, let longest else { return "none needed" }
        func text(_ milliseconds: Int64) -> String { "\((Double(milliseconds) / 100).rounded() / 10) s" }
        return "\(text(median)) / \(text(longest))"
    }
}
