import HoldfastHistory
import HoldfastRuntime

/// One page that needs nothing else: verdicts, a timeline, latencies, violations, and how to repeat the run.
enum HTMLReport {
    static func text(_ result: ChaosResult, _ history: History, command: String) -> String {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
        <title>\(escape(result.scenario)), seed \(result.seed): \(result.verdict.rawValue)</title>
        <style>\(HTMLStyle.sheet)</style></head><body><main>
        <header><p class="kicker">Holdfast chaos</p>
        <h1>\(escape(result.scenario)) \(badge(result.verdict))</h1>
        <p>\(escape(result.about))</p>
        <p class="summary \(result.verdict.rawValue)">\(escape(summary(result)))</p>
        \(facts(result, history))</header>
        \(section("Guarantees", guarantees(result)))
        \(violations(result))
        \(section("Timeline", Timeline(history).html()))
        \(section("Faults", faults(result)))
        \(section("Recovery", Recovery(history).html()))
        \(section("Waiting for locks", LatencyChart(history).html()))
        \(section("What must happen sometimes", occurrences(result)))
        \(section("Again", "<pre>\(escape(command))</pre><p>Work and faults are drawn from the seed. "
            + "The processes are real, and so no two runs are the same.</p>"))
        </main></body></html>

        """
    }

    static func escape(_ text: String) -> String { JUnitReport.escape(text) }

    private static func badge(_ verdict: Verdict) -> String {
        let word =
            switch verdict {
            case .valid: "holds"
            case .invalid: "violated"
            case .unknown: "unknown"
            }
        return "<span class=\"badge \(verdict.rawValue)\">\(word)</span>"
    }

    private static func summary(_ result: ChaosResult) -> String {
        let judged = result.judgements.count
        let faults = result.faults.reduce(0) { $0 + $1.confirmed }
        let through = faults == 0 ? "without any fault" : "through \(faults) faults"
        let violated = result.judgements.count { $0.verdict == .invalid }
        let open = result.judgements.count { $0.verdict == .unknown }
        return switch result.verdict {
        case .valid: "All \(judged) guarantees held \(through)."
        case .invalid: "\(violated) of \(judged) guarantees violated \(through)."
        case .unknown: "\(open) of \(judged) guarantees could not be decided; the others held \(through)."
        }
    }

    private static func section(_ title: String, _ body: String) -> String {
        body.isEmpty ? "" : "<section><h2>\(title)</h2>\(body)</section>"
    }

    private static func facts(_ result: ChaosResult, _ history: History) -> String {
        let seconds = Double(history.end / 1_000_000) / 1000
        let operations = history.operations.count
        var facts = [
            ("seed", "\(result.seed)"), ("length", "\(seconds) s"), ("operations", "\(operations)"),
            ("worker processes", "\(result.workersStarted)"),
        ]
        if let mutant = result.mutant { facts.append(("switched off", mutant.rawValue)) }
        let cells = facts.map { "<div><dt>\($0.0)</dt><dd>\(escape($0.1))</dd></div>" }
        return "<dl class=\"facts\">\(cells.joined())</dl>"
    }

    private static func guarantees(_ result: ChaosResult) -> String {
        let rows = result.judgements.map { judgement in
            // The faults have a table of their own.
            let shown = judgement.guarantee == ChaosResult.faultsHappened ? [] : judgement.figures
            let figures = shown.filter { $0.value != 0 }.map { "\($0.value) \(escape($0.name))" }
            let doubt = judgement.doubt.map { "<br><em>\(escape($0))</em>" } ?? ""
            return "<tr><td>\(escape(judgement.guarantee))</td>"
                + "<td>\(badge(judgement.verdict))</td>"
                + "<td class=\"figures\">\(figures.joined(separator: " · "))\(doubt)</td></tr>"
        }
        return "<table class=\"verdicts\">\(rows.joined())</table>"
    }

    private static func violations(_ result: ChaosResult) -> String {
        let found = result.judgements.flatMap(\.violations)
        if found.isEmpty { return "" }
        let blocks = found.map { violation in
            let from = Double(violation.from / 1_000_000) / 1000
            let to = Double(violation.to / 1_000_000) / 1000
            let operations = violation.operations.map { "<li>\(escape($0))</li>" }.joined()
            let faults = violation.faults.map { "<li class=\"fault\">\(escape($0))</li>" }.joined()
            return "<article><h3>\(escape(violation.sentence))</h3><p>from \(from) s to \(to) s</p>"
                + "<ul>\(operations)\(faults)</ul></article>"
        }
        return section("Violations", blocks.joined())
    }

    private static func faults(_ result: ChaosResult) -> String {
        if result.faults.isEmpty { return "<p>None were planned.</p>" }
        let hasReasons = result.faults.contains { !$0.reasons.isEmpty }
        let rows = result.faults.map { tally in
            let counts = [tally.planned, tally.injected, tally.confirmed].map { "<td class=\"n\">\($0)</td>" }
            let reasons = hasReasons ? "<td>\(escape(tally.reasons.joined(separator: "; ")))</td>" : ""
            return "<tr><td>\(escape(tally.title))</td>\(counts.joined())\(reasons)</tr>"
        }
        let heads = ["planned", "injected", "seen from outside"].map { "<th class=\"n\">\($0)</th>" }.joined()
        let head = "<tr><th>fault</th>\(heads)\(hasReasons ? "<th>not, because</th>" : "")</tr>"
        return "<div class=\"wide\"><table>\(head)\(rows.joined())</table></div>"
    }

    private static func occurrences(_ result: ChaosResult) -> String {
        let rows = Occurrence.allCases.compactMap { occurrence -> String? in
            let count = result.occurrences[occurrence.rawValue] ?? 0
            let isExpected = result.expected.contains(occurrence)
            guard count > 0 || isExpected else { return nil }
            return "<tr><td>\(occurrence.rawValue)</td><td class=\"n\">\(count)</td>"
                + "<td>\(isExpected ? "expected" : "")</td></tr>"
        }
        return rows.isEmpty ? "" : "<table>\(rows.joined())</table>"
    }
}
