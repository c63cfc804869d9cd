import HoldfastHistory
import Testing

@Suite struct UpdateCheckTests {
    private func history(_ values: [Int64], open: Int = 0, final: Int64?) throws -> History {
        try Script.history { script in
            for (index, value) in values.enumerated() {
                let at = Int64(index) * 10
                script.operation("increment", ["c", .null], at, at + 5, .ok, ["c", .number(value)])
            }
            for _ in 0..<open { script.operation("increment", ["c", .null], 1, nil) }
            if let final { script.witness("final", ["c", .number(final)]) }
        }
    }

    @Test func eachIncrementCountsOnce() throws {
        #expect(UpdateCheck.judge(try history([1, 2, 3], final: 3)).verdict == .valid)
        #expect(UpdateCheck.judge(try history([1, 3], open: 1, final: 3)).verdict == .valid, "an open one may count")
    }

    @Test func lostAndInventedUpdatesAreFound() throws {
        #expect(UpdateCheck.judge(try history([1, 2, 2], final: 3)).verdict == .invalid, "the same value twice")
        #expect(UpdateCheck.judge(try history([1, 2, 3], final: 2)).verdict == .invalid, "one is gone")
        #expect(UpdateCheck.judge(try history([1, 2], open: 1, final: 4)).verdict == .invalid, "one too many")
    }

    @Test func aLossIsCountedOnceHoweverItIsSeen() throws {
        #expect(UpdateCheck.judge(try history([1, 2, 2], final: 2)).figure("updates lost") == 1)
        #expect(UpdateCheck.judge(try history([1, 2, 2], final: 3)).figure("updates lost") == 1)
        #expect(UpdateCheck.judge(try history([1, 2, 3], final: 1)).figure("updates lost") == 2)
        #expect(UpdateCheck.judge(try history([1, 2], open: 1, final: 3)).figure("updates lost") == 0)
    }

    @Test func anUnreadCounterIsNoVerdict() throws {
        #expect(UpdateCheck.judge(try history([1], final: nil)).verdict == .unknown)
    }
}

/// Each harm to a ledger is found.
@Suite struct LedgerCheckTests {
    private struct Entry {
        var key: String
        var amount: Int64
        var balances: (Int64, Int64)
        var tokens: (Int64, Int64) = (1, 1)
    }

    private func judge(
        _ entries: [Entry], _ closing: [String: Int64], asked: [String] = ["x", "y"], isDrained: Bool = true
    ) throws -> Judgement {
        let history = try Script.history { script in
            for account in ["a", "b"] { script.witness("opening", [.text(account), 100], at: 1) }
            for key in asked { script.operation("transfer", [.text(key), "a", "b", 1], 2, 3) }
            for entry in entries {
                script.witness(
                    "journal",
                    [
                        .text(entry.key), "a", "b", .number(entry.amount), .number(entry.tokens.0),
                        .number(entry.tokens.1), .number(entry.balances.0), .number(entry.balances.1),
                    ])
            }
            for (account, balance) in closing.sorted(by: { $0.key < $1.key }) {
                script.witness("balance", [.text(account), .number(balance)])
            }
        }
        return LedgerCheck.judge(history, isDrained: isDrained)
    }

    private let first = Entry(key: "x", amount: 10, balances: (90, 110))
    private let second = Entry(key: "y", amount: 5, balances: (85, 115))

    @Test func aCleanRunIsClean() throws {
        let judgement = try judge([first, second], ["a": 85, "b": 115])
        #expect(judgement.verdict == .valid && judgement.figure("transfers applied") == 2)
        #expect(judgement.figure("money after") == 200)
    }

    @Test func aLostTransferIsFoundOnceAllHadTheirTime() throws {
        let judgement = try judge([first], ["a": 90, "b": 110])
        #expect(judgement.verdict == .invalid && judgement.figure("lost") == 1)
        #expect(try judge([first], ["a": 90, "b": 110], isDrained: false).verdict == .unknown)
    }

    @Test func aDoubledTransferIsFound() throws {
        let again = Entry(key: "x", amount: 10, balances: (80, 120))
        let third = Entry(key: "y", amount: 1, balances: (79, 121))
        let judgement = try judge([first, again, third], ["a": 79, "b": 121])
        #expect(judgement.verdict == .invalid && judgement.figure("applied twice") == 1)
    }

    @Test func aTransferThatNobodyAskedForIsFound() throws {
        let judgement = try judge([first, second], ["a": 85, "b": 115], asked: ["x"])
        #expect(judgement.verdict == .invalid && judgement.figure("never asked for") == 1)
    }

    @Test func aLostUpdateIsFoundThoughTheSumIsRight() throws {
        // y was computed from balances read before x: x is undone, the sum stays 200.
        let undone = Entry(key: "y", amount: 5, balances: (95, 105))
        let judgement = try judge([first, undone], ["a": 95, "b": 105])
        #expect(judgement.verdict == .invalid && judgement.figure("accounts with a wrong balance") == 2)
        #expect(judgement.figure("written from an outdated read") == 2)
        #expect(judgement.figure("money after") == judgement.figure("money before"))
    }

    @Test func aDamagedLedgerIsFoundWrongWithoutATrap() throws {
        let judgement = try judge(
            [
                Entry(key: "x", amount: .min, balances: (.max, .min)),
                Entry(key: "y", amount: .max, balances: (.min, .max)),
            ], ["a": .max, "b": .max])
        #expect(judgement.verdict == .invalid)
    }
}

@Suite struct JobCheckTests {
    /// Two jobs; each of them is in the registry of those that finished unless `places` says otherwise.
    private func judge(
        isDrained: Bool = true, isSurveyed: Bool = true, places: [String: [String]] = [:],
        _ write: (inout Script) -> Void
    ) throws -> Judgement {
        let history = try Script.history { script in
            for job in ["x", "y"] { script.operation("enqueue", [.text(job)], 0, 1) }
            write(&script)
            for job in ["x", "y"] {
                for place in places[job] ?? ["finished"] {
                    script.witness("registered", [.text(job), .text(place)])
                }
            }
            if isSurveyed { script.witness("surveyed", ["q"]) }
        }
        return JobCheck.judge(history, isDrained: isDrained)
    }

    private func run(_ script: inout Script, _ job: String, attempt: Int64 = 1, _ from: Int64, _ to: Int64?) {
        script.operation("run", [.text(job), .number(attempt)], from, to)
        if to != nil { script.witness("effect", [.text(job)]) }
    }

    private func runBoth(_ script: inout Script) { for job in ["x", "y"] { run(&script, job, 10, 20) } }

    @Test func eachJobOnceIsValid() throws {
        let judgement = try judge { script in
            run(&script, "x", 10, 20)
            run(&script, "y", 10, nil)
            run(&script, "y", attempt: 2, 30, 40)
        }
        #expect(judgement.verdict == .valid && judgement.figure("executed more than once") == 1)
        #expect(judgement.figure("executions") == 3)
    }

    @Test func aJobThatIsInNoRegistryIsLost() throws {
        let judgement = try judge(places: ["y": []]) { run(&$0, "x", 10, 20) }
        #expect(judgement.verdict == .invalid && judgement.figure("jobs lost") == 1)
    }

    @Test func aJobThatHadItsEffectAndVanishedIsLost() throws {
        let finished = try judge(places: ["y": []]) { runBoth(&$0) }
        #expect(finished.verdict == .invalid && finished.figure("jobs lost") == 1)
        // Its worker died between effect and completion.
        let unfinished = try judge(places: ["y": []]) { script in
            run(&script, "x", 10, 20)
            run(&script, "y", 10, nil)
            script.witness("effect", ["y"])
        }
        #expect(unfinished.verdict == .invalid && unfinished.figure("jobs lost") == 1)
        #expect(unfinished.violations.first?.sentence.contains("had its effect and is lost") == true)
    }

    @Test func whatNobodyLookedForIsNoVerdict() throws {
        #expect(try judge(isSurveyed: false) { runBoth(&$0) }.verdict == .unknown)
    }

    @Test func aJobThatStillWaitsIsHeldAgainstAnEmptyQueueOnly() throws {
        func waiting(isDrained: Bool) throws -> Verdict {
            try judge(isDrained: isDrained, places: ["y": ["queued"]]) { run(&$0, "x", 10, 20) }.verdict
        }
        #expect(try waiting(isDrained: true) == .invalid)
        #expect(try waiting(isDrained: false) == .unknown)
    }

    @Test func aSecondEffectOrCompletionIsFound() throws {
        let effect = try judge { script in
            runBoth(&script)
            script.witness("effect", ["y"])
        }
        #expect(effect.verdict == .invalid && effect.figure("with effect twice") == 1)
        let completion = try judge { script in
            runBoth(&script)
            script.operation("run", ["y", 2], 15, 25)
        }
        #expect(completion.verdict == .invalid && completion.figure("completed twice") == 1)
        #expect(completion.figure("executions beside another of the same job") == 1)
    }

    @Test func aFinishedJobWithoutItsEffectIsFound() throws {
        let judgement = try judge { script in
            run(&script, "x", 10, 20)
            script.operation("run", ["y", 1], 10, 20)
        }
        #expect(judgement.verdict == .invalid && judgement.figure("without effect") == 1)
    }

    @Test func aJobThatWasGivenUpIsFound() throws {
        let judgement = try judge(places: ["y": ["failed"]]) { run(&$0, "x", 10, 20) }
        #expect(judgement.verdict == .invalid && judgement.figure("jobs given up") == 1)
    }

    @Test func aJobInTwoRegistriesIsFound() throws {
        let judgement = try judge(places: ["x": ["finished", "started"]]) { runBoth(&$0) }
        #expect(judgement.verdict == .invalid && judgement.figure("in several registries") == 1)
    }

    @Test func recoveryIsCountedFromTheDeathToTheNextStart() throws {
        let history = try Script.history { script in
            script.operation("run", ["x", 1], 1000, nil, client: "a")
            script.operation("run", ["y", 1], 1000, 2000, client: "a")
            script.nemesis("fault", [1, "kill", "a", "SIGKILL at ledger.opened"], at: 3000)
            script.operation("run", ["x", 2], 7000, 8000, client: "b")
        }
        #expect(JobRecovery.times(in: history) == [.seconds(4)])
    }

    @Test func aProgramIsReplacedWhenItsJobRunsAgain() throws {
        let history = try Script.history { script in
            let killed = "failed: the program /bin/p was ended by SIGKILL"
            script.operation("run", ["x", 1], 10, 20, .info, error: killed)
            script.operation("run", ["x", 2], 30, 40)
            script.operation("run", ["last", 1], 10, 20, .info, error: killed)
            script.operation("run", ["other", 1], 10, 20, .info, error: "failed: the program /bin/p ended with 1")
            script.operation("run", ["other", 2], 30, 40)
        }
        #expect(Occurrence.programReplaced.count(in: history) == 1)
    }
}
