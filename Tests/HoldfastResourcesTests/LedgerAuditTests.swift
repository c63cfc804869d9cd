import HoldfastLocks
import Testing

@testable import HoldfastResources

/// The audit must bite: each harm is found.
@Suite struct LedgerAuditTests {
    private let initial: [String: Int64] = ["a": 100, "b": 100]

    private func entry(
        _ key: String, _ amount: Int64, tokens: (Int64, Int64) = (1, 1), balances: (Int64, Int64), from: String = "a",
        to: String = "b"
    ) -> JournalEntry {
        JournalEntry(
            id: key, key: key, who: "w", transfer: Transfer(from: from, to: to, amount: amount),
            fromToken: FencingToken(rawValue: tokens.0), toToken: FencingToken(rawValue: tokens.1),
            fromBalance: balances.0, toBalance: balances.1)
    }

    private func audit(
        _ journal: [JournalEntry], _ balances: [String: Int64], asked: Set<String> = ["x", "y"]
    ) -> LedgerAudit {
        LedgerAudit(initial: initial, asked: asked, journal: journal, balances: balances, refusals: [])
    }

    @Test func aCleanRunIsClean() {
        let report = audit(
            [entry("x", 10, balances: (90, 110)), entry("y", 5, tokens: (2, 2), balances: (85, 115))],
            ["a": 85, "b": 115])
        #expect(report.isClean)
        #expect(report.applied == 2 && report.moneyAfter == 200)
    }

    @Test func aDamagedLedgerIsFoundWrongWithoutATrap() {
        let report = audit(
            [entry("x", .min, balances: (.max, .min)), entry("y", .max, balances: (.min, .max))],
            ["a": .max, "b": .max])
        #expect(!report.isClean && report.wrongAccounts == ["a", "b"])
    }

    @Test func aLostTransferIsFound() {
        let report = audit([entry("x", 10, balances: (90, 110))], ["a": 90, "b": 110])
        #expect(report.lost == ["y"] && !report.isClean)
    }

    @Test func aDoubledTransferIsFound() {
        let report = audit(
            [
                entry("x", 10, balances: (90, 110)), entry("x", 10, balances: (80, 120)),
                entry("y", 1, balances: (79, 121)),
            ], ["a": 79, "b": 121])
        #expect(report.appliedTwice == ["x"] && !report.isClean)
    }

    @Test func aLostUpdateIsFoundThoughTheSumIsRight() {
        // y was computed from balances read before x: x is undone, the sum stays 200.
        let report = audit(
            [entry("x", 10, tokens: (2, 2), balances: (90, 110)), entry("y", 5, tokens: (1, 1), balances: (95, 105))],
            ["a": 95, "b": 105])
        #expect(report.wrongAccounts == ["a", "b"])
        #expect(report.staleAccepted == 2 && report.brokenSteps == 2 && report.moneyBefore == report.moneyAfter)
        #expect(!report.isClean)
    }

    @Test func aTransferNobodyAskedForIsFound() {
        let report = audit([entry("z", 10, balances: (90, 110))], ["a": 90, "b": 110], asked: [])
        #expect(report.unexpected == ["z"] && !report.isClean)
    }
}
