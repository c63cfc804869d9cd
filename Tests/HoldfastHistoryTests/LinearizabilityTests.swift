import HoldfastHistory
import Testing

@Suite struct LinearizabilityTests {
    private func judge(budget: Int = 100_000, _ write: (inout Script) -> Void) throws -> Judgement {
        LinearizabilityCheck.judge(try Script.history(write), budget: budget)
    }

    @Test func whatOverlapsMayHaveHappenedInAnyOrder() throws {
        let judgement = try judge { script in
            script.operation("write", ["r", 1], 0, 100, token: 1)
            script.operation("read", ["r", .null], 10, 20, .ok, ["r", .null], token: 1)
            script.operation("read", ["r", .null], 30, 40, .ok, ["r", 1], token: 1)
        }
        #expect(judgement.verdict == .valid && judgement.figure("operations") == 3)
    }

    @Test func aReadOfThePastIsFoundInItsSmallestWindow() throws {
        let judgement = try judge { script in
            for round in 0..<20 as Range<Int64> {
                script.operation("write", ["r", .number(round)], round * 10, round * 10 + 5, token: 1)
            }
            script.operation("write", ["r", 100], 300, 310, token: 2)
            script.operation("read", ["r", .null], 320, 330, .ok, ["r", 19], token: 2)
            script.operation("write", ["r", 101], 400, 410, token: 2)
        }
        #expect(judgement.verdict == .invalid)
        #expect(judgement.violations[0].from == 300_000_000 && judgement.violations[0].to == 330_000_000)
        #expect(judgement.violations[0].operations.count == 2)
    }

    @Test func anUnansweredWriteMayHappenMuchLaterOrNever() throws {
        for answer in [1, 2] as [Int64] {
            let judgement = try judge { script in
                script.operation("write", ["r", 1], 0, 10, token: 1)
                script.operation("write", ["r", 2], 20, nil, token: 1)
                script.operation("read", ["r", .null], 500, 510, .ok, ["r", .number(answer)], token: 1)
            }
            #expect(judgement.verdict == .valid)
        }
    }

    @Test func aStaleWriteThatTookEffectIsFound() throws {
        let judgement = try judge { script in
            script.operation("raise", ["r", .null], 0, 10, .ok, ["r", .null], token: 2)
            script.operation("write", ["r", 1], 20, 30, token: 1)
        }
        #expect(judgement.verdict == .invalid)
    }

    @Test func aRefusalNeedsALargerToken() throws {
        func refusal(_ raised: Int64) throws -> Verdict {
            try judge { script in
                script.operation("raise", ["r", .null], 0, 10, .ok, ["r", .null], token: raised)
                script.operation("write", ["r", 1], 20, 30, .fail, error: "stale: the fence is above", token: 4)
            }.verdict
        }
        #expect(try refusal(5) == .valid)
        #expect(try refusal(4) == .invalid, "refused without reason")
    }

    @Test func aUsedUpBudgetIsNoVerdict() throws {
        let judgement = try judge(budget: 5) { script in
            for value in 0..<10 as Range<Int64> { script.operation("write", ["r", .number(value)], 0, 100) }
        }
        #expect(judgement.verdict == .unknown && judgement.doubt != nil)
    }

    @Test func registersAreJudgedOneByOne() throws {
        let judgement = try judge { script in
            script.operation("write", ["r", 1], 0, 10)
            script.operation("read", ["s", .null], 20, 30, .ok, ["s", .null])
            script.operation("read", ["t", .null], 20, 30, .ok, ["t", 1])
        }
        #expect(judgement.verdict == .invalid && judgement.violationCount == 1)
        #expect(judgement.violations[0].sentence.hasPrefix("t:"))
    }
}
