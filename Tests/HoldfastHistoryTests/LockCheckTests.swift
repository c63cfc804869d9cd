import HoldfastHistory
import Testing

@Suite struct TokenCheckTests {
    @Test func concurrentAcquisitionsMayFinishInAnyOrder() throws {
        let history = try Script.history { script in
            script.acquire("l", 2, 0, 10)
            script.acquire("l", 1, 1, 20)
            script.acquire("l", 3, 21, 30)
            script.acquire("other", 1, 40, 50)
        }
        let judgement = TokenCheck.judge(history)
        #expect(judgement.verdict == .valid && judgement.figure("issued") == 4)
    }

    @Test func aTokenIssuedTwiceIsFound() throws {
        let history = try Script.history { script in
            script.acquire("l", 4, 1, 10)
            script.acquire("l", 4, 2, 20)
        }
        let judgement = TokenCheck.judge(history)
        #expect(judgement.verdict == .invalid && judgement.figure("issued twice") == 1)
        #expect(judgement.violations[0].sentence == "l: token 4 was issued twice")
    }

    @Test func aTokenThatDoesNotGrowIsFoundWithItsWindowAndTheFaultsAroundIt() throws {
        let history = try Script.history { script in
            script.acquire("l", 9, 20_000, 20_001)
            script.nemesis("fault", [1, "kill", "node-1", "SIGKILL"], at: 20_005)
            script.nemesis("heal", [1], at: 20_006)
            script.acquire("l", 4, 30_000, 30_010)
            script.acquire("l", 3, 30_011, 30_020)
            script.nemesis("fault", [2, "pause", "w", "SIGSTOP"], at: 40_021)
        }
        let judgement = TokenCheck.judge(history)
        #expect(judgement.verdict == .invalid && judgement.figure("out of order") == 2)
        // Each is held against the largest that was known.
        let violation = judgement.violations[0]
        #expect(violation.from == 20_000_000_000 && violation.to == 30_010_000_000)
        #expect(violation.operations.count == 2 && violation.faults == ["kill node-1 (SIGKILL)"])
    }
}

@Suite struct NothingGrantedTests {
    @Test func whatWasNeverGrantedShowsNothing() throws {
        let history = try Script.history { script in
            script.operation("acquire", ["l", .null], 0, 10, .fail, error: "no majority")
        }
        #expect(TokenCheck.judge(history).verdict == .unknown)
        #expect(TenureCheck.judge(history).verdict == .unknown)
    }

    @Test func aTenureThatCannotBeJudgedShowsNothing() throws {
        let history = try Script.history { script in
            script.acquire("l", 1, 0, 10, until: 500, client: "a")
            script.nemesis("fault", [1, "kill", "a", "SIGKILL"], at: 20)
        }
        #expect(TenureCheck.judge(history).verdict == .unknown && TokenCheck.judge(history).verdict == .valid)
    }
}

@Suite struct TenureCheckTests {
    @Test func oneAfterTheOtherIsValid() throws {
        let history = try Script.history { script in
            script.acquire("l", 1, 0, 10, until: 500)
            script.operation("release", ["l", 1], 20, 25)
            script.acquire("l", 2, 11, 22, until: 600)
            script.operation("release", ["l", 2], 700, 710, .fail, error: "it expired")
            script.acquire("l", 3, 601, 650, until: 900)
        }
        let judgement = TenureCheck.judge(history)
        #expect(judgement.verdict == .valid && judgement.figure("tenures") == 3)
    }

    @Test func anOverlapIsFound() throws {
        let history = try Script.history { script in
            script.acquire("l", 1, 0, 10, until: 500)
            script.acquire("l", 2, 490, 499, until: 900)
        }
        #expect(TenureCheck.judge(history).verdict == .invalid)
        let counted = TenureCheck.judge(history, isPromised: false)
        #expect(counted.verdict == .valid && counted.figure("overlaps") == 1)
    }

    @Test func whoWasKilledMayHaveReleasedUnseen() throws {
        func judge(killedAt: Int64) throws -> Judgement {
            TenureCheck.judge(
                try Script.history { script in
                    script.acquire("l", 1, 0, 10, until: 500, client: "a")
                    script.nemesis("fault", [1, "kill", "a", "SIGKILL"], at: killedAt)
                    script.acquire("l", 2, 20, 30, until: 600, client: "b")
                })
        }
        #expect(try judge(killedAt: 25).verdict == .valid)
        #expect(try judge(killedAt: 25).figure("tenures of killed holders, not judged") == 1)
        #expect(try judge(killedAt: 5).verdict == .invalid, "another one of that name was killed before")
    }

    @Test func aRenewalLengthensTheTenure() throws {
        let history = try Script.history { script in
            script.acquire("l", 1, 0, 10, until: 500)
            script.operation("renew", ["l", 1], 300, 301, until: 800)
            script.acquire("l", 2, 600, 700, until: 900)
        }
        #expect(TenureCheck.judge(history).figure("overlaps") == 1)
    }
}

@Suite struct AcceptanceCheckTests {
    @Test func risingTokensAreValidAndRefusalsCounted() throws {
        let history = try Script.history { script in
            for token in [1, 1, 3] as [Int64] { script.witness("accepted", ["r", .number(token)]) }
            script.witness("refused", ["r", 1, 3])
        }
        let judgement = AcceptanceCheck.judge(history)
        #expect(judgement.verdict == .valid && judgement.figure("stale writes refused") == 1)
    }

    @Test func aStaleWriteThatWasAcceptedIsFound() throws {
        let history = try Script.history { script in
            for token in [2, 5, 4] as [Int64] { script.witness("accepted", ["r", .number(token)]) }
            script.witness("accepted", ["s", 1])
        }
        let judgement = AcceptanceCheck.judge(history)
        #expect(judgement.verdict == .invalid && judgement.figure("stale writes accepted") == 1)
    }

    @Test func nothingAcceptedIsNothingShown() throws {
        #expect(AcceptanceCheck.judge(try Script.history { _ in }).verdict == .unknown)
    }
}

@Suite struct LivenessCheckTests {
    private func history(grantAt: Int64?, end: Int64) throws -> History {
        try Script.history { script in
            script.nemesis("fault", [1, "kill", "node-1", ""], at: 100)
            script.nemesis("heal", [1], at: 1000)
            if let grantAt {
                script.acquire("l", 1, 500, grantAt)
            } else {
                script.operation("acquire", ["l", .null], 500, nil)
            }
            script.witness("final", ["x", 1], at: end)
        }
    }

    @Test func aGrantInTimeIsValid() throws {
        #expect(LivenessCheck.judge(try history(grantAt: 1500, end: 9000), within: .seconds(1)).verdict == .valid)
    }

    @Test func aGrantThatComesLateOrNeverIsFound() throws {
        #expect(LivenessCheck.judge(try history(grantAt: 2500, end: 9000), within: .seconds(1)).verdict == .invalid)
        #expect(LivenessCheck.judge(try history(grantAt: nil, end: 9000), within: .seconds(1)).verdict == .invalid)
    }

    @Test func anEndBeforeTheBoundIsNoVerdict() throws {
        #expect(LivenessCheck.judge(try history(grantAt: nil, end: 1500), within: .seconds(1)).verdict == .unknown)
        #expect(LivenessCheck.judge(try Script.history { _ in }, within: .seconds(1)).verdict == .unknown)
    }

    /// A lock is granted to others again and again, and one waiter is forgotten.
    private func forgotten(end: Int64, answeredAt: Int64? = nil, killed: Bool = false) throws -> Judgement {
        let history = try Script.history { script in
            script.nemesis("fault", [1, "kill", "node-1", ""], at: 100)
            script.nemesis("heal", [1], at: 200)
            script.operation("seek", ["l", 600], 300, answeredAt, .fail, error: "held", client: "w1")
            script.acquire("l", 1, 400, 500, client: "w2")
            if killed { script.nemesis("fault", [2, "kill", "w1", ""], at: 400) }
            script.acquire("l", 2, 600, 700, client: "w2")
            script.witness("final", ["x", 1], at: end)
        }
        return LivenessCheck.judge(history, within: .seconds(1))
    }

    @Test func aWaiterThatIsNeitherGrantedNorRefusedIsFound() throws {
        #expect(try forgotten(end: 9000).verdict == .invalid)
        #expect(try forgotten(end: 9000).figure("requests without an answer in time") == 1)
        #expect(try forgotten(end: 9000, answeredAt: 5000).verdict == .invalid, "answered too late")
        #expect(try forgotten(end: 9000, answeredAt: 1800).verdict == .valid, "0.6 s and the limit")
        #expect(try forgotten(end: 9000, killed: true).verdict == .valid, "the dead are not waited for")
        #expect(try forgotten(end: 1500).verdict == .unknown, "it had time left")
    }

    @Test func aLockThatSomebodySeeksForEverIsFound() throws {
        let history = try Script.history { script in
            script.nemesis("fault", [1, "kill", "node-1", ""], at: 100)
            script.nemesis("heal", [1], at: 1000)
            // Longer than the run: only what came of the lock can tell.
            script.operation("seek", ["l", 60_000], 500, nil)
            script.witness("final", ["x", 1], at: 9000)
        }
        #expect(LivenessCheck.judge(history, within: .seconds(1)).verdict == .invalid)
    }

    @Test func aLockThatNobodyAskedForAfterTheFaultsIsNoVerdict() throws {
        let history = try Script.history { script in
            script.acquire("quiet", 1, 10, 20)
            script.nemesis("fault", [1, "kill", "node-1", ""], at: 100)
            script.nemesis("heal", [1], at: 1000)
            script.acquire("l", 1, 1100, 1200)
        }
        #expect(LivenessCheck.judge(history, within: .seconds(1)).verdict == .unknown)
    }

    @Test func theDeadAreNotWaitedFor() throws {
        let history = try Script.history { script in
            script.operation("acquire", ["l", .null], 500, nil, client: "w1")
            script.nemesis("fault", [1, "kill", "w1", ""], at: 600)
            script.witness("final", ["x", 1], at: 9000)
        }
        #expect(LivenessCheck.judge(history, within: .seconds(1)).verdict == .unknown, "nobody alive asked")
    }
}

@Suite struct VerdictTests {
    @Test func oneViolationDecidesAndADoubtIsNeverValid() {
        #expect([Verdict.valid, .unknown, .invalid].combined == .invalid)
        #expect([Verdict.valid, .unknown].combined == .unknown)
        #expect([Verdict]().combined == .valid)
        #expect([Verdict.valid, .invalid, .unknown].map(\.exitStatus) == [0, 1, 2])
    }
}
