import HoldfastHistory

/// Verdicts in the XML that CI servers read: a suite for each run, a case for each guarantee.
enum JUnitReport {
    static func text(_ results: [ChaosResult], _ hunts: [MutantHunt]) -> String {
        var lines = [#"<?xml version="1.0" encoding="UTF-8"?>"#, "<testsuites>"]
        for result in results { lines += suite(result) }
        if !hunts.isEmpty { lines += suite(hunts) }
        return (lines + ["</testsuites>", ""]).joined(separator: "\n")
    }

    private static func suite(_ result: ChaosResult) -> [String] {
        let failures = result.judgements.count { $0.verdict == .invalid }
        let errors = result.judgements.count { $0.verdict == .unknown }
        let name = escape("\(result.scenario) seed \(result.seed)")
        let head =
            "  <testsuite name=\"\(name)\" tests=\"\(result.judgements.count)\" failures=\"\(failures)\" "
            + "errors=\"\(errors)\" time=\"\(result.seconds)\">"
        return [head] + result.judgements.flatMap { testCase($0, in: result) } + ["  </testsuite>"]
    }

    private static func testCase(_ judgement: Judgement, in result: ChaosResult) -> [String] {
        let head = "    <testcase classname=\"\(escape(result.scenario))\" name=\"\(escape(judgement.guarantee))\""
        switch judgement.verdict {
        case .valid: return ["\(head)/>"]
        case .invalid:
            let text = judgement.violations.map { violation in
                ([violation.sentence] + violation.operations + violation.faults.map { "fault: \($0)" })
                    .joined(separator: "\n")
            }.joined(separator: "\n\n")
            let message = escape(judgement.violations.first?.sentence ?? "violated")
            return ["\(head)>", "      <failure message=\"\(message)\">\(escape(text))</failure>", "    </testcase>"]
        case .unknown:
            return [
                "\(head)>", "      <error message=\"\(escape(judgement.doubt ?? "unknown"))\"/>", "    </testcase>",
            ]
        }
    }

    private static func suite(_ hunts: [MutantHunt]) -> [String] {
        let survivors = hunts.count { !$0.isFound }
        let head = "  <testsuite name=\"mutants\" tests=\"\(hunts.count)\" failures=\"\(survivors)\" errors=\"0\">"
        let cases = hunts.flatMap { hunt in
            let head = "    <testcase classname=\"\(escape(hunt.scenario))\" name=\"\(hunt.mutant.rawValue) is found\""
            return hunt.isFound
                ? ["\(head)/>"]
                : [
                    "\(head)>", "      <failure message=\"it survived \(hunt.runs) runs\"/>", "    </testcase>",
                ]
        }
        return [head] + cases + ["  </testsuite>"]
    }

    /// For text and attributes; what XML cannot hold is left out.
    static func escape(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { escaped, scalar in
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "\n", "\t": escaped.unicodeScalars.append(scalar)
            case _ where scalar.value >= 0x20 && scalar.value != 0x7F && scalar.value < 0xFFFE:
                escaped.unicodeScalars.append(scalar)
            default: break
            }
        }
    }
}
