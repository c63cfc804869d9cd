import HoldfastRuntime
import Testing

@testable import HoldfastLocks

/// Acquisitions that ask a majority first, event by event; no node, no time.
@Suite struct ReserveTests {
    private func token(_ number: Int64) -> FencingToken { FencingToken(rawValue: number) }
    private let held = Acquisition.Answer.refused(.held(remaining: nil))
    private let gone = Acquisition.Answer.refused(.noAnswer)

    @Test func aMajorityIsEnough() {
        var attempt = Acquisition(Quorum(nodes: 5), reserve: [1, 3])
        #expect(attempt.asked == [0, 2, 4])
        for node in [0, 2] { #expect(attempt.receive(.granted(token(7)), from: node) == .wait) }
        #expect(attempt.receive(.granted(token(7)), from: 4) == .issued(token(7)))
        #expect(attempt.asked == [0, 2, 4], "the others have nothing to give back")
    }

    @Test func whoeverCannotVoteIsReplacedAtOnce() {
        for outcome in [NodeOutcome.noAnswer, .notAdmitted] {
            var attempt = Acquisition(Quorum(nodes: 5), reserve: [1, 3])
            #expect(attempt.receive(.refused(outcome), from: 0) == .ask(nodes: [1, 3]))
            #expect(attempt.asked == nil)
            for node in [2, 3] { #expect(attempt.receive(.granted(token(7)), from: node) == .wait) }
            #expect(attempt.receive(.granted(token(7)), from: 1) == .issued(token(7)))
            #expect(attempt.tempo == .hindered)
        }
    }

    @Test func refusalsOfAllWhoWereAskedDecide() {
        var attempt = Acquisition(Quorum(nodes: 5), reserve: [1, 3])
        for node in [0, 2] { #expect(attempt.receive(held, from: node) == .wait) }
        #expect(attempt.receive(held, from: 4) == .failed)
        #expect(attempt.report[1] == .notAsked && attempt.report[3] == .notAsked)
    }

    @Test func aSplitVoteTakesTheReserve() {
        var attempt = Acquisition(Quorum(nodes: 5), reserve: [1, 3])
        #expect(attempt.receive(held, from: 0) == .wait)
        #expect(attempt.receive(.granted(token(7)), from: 2) == .wait)
        #expect(attempt.receive(.granted(token(7)), from: 4) == .ask(nodes: [1, 3]))
        #expect(attempt.receive(.granted(token(5)), from: 1) == .confirm(token(7), nodes: [1]))
        #expect(attempt.receive(.confirmed, from: 1) == .issued(token(7)))
    }

    @Test func theReserveStandsInForALostConfirmation() {
        var attempt = Acquisition(Quorum(nodes: 5), reserve: [1, 3])
        _ = attempt.receive(.granted(token(9)), from: 0)
        _ = attempt.receive(.granted(token(9)), from: 2)
        #expect(attempt.receive(.granted(token(7)), from: 4) == .confirm(token(9), nodes: [4]))
        #expect(attempt.receive(.refused(.lostHold), from: 4) == .ask(nodes: [1, 3]))
        #expect(attempt.receive(.granted(token(3)), from: 3) == .confirm(token(9), nodes: [3]))
        #expect(attempt.receive(.confirmed, from: 3) == .issued(token(9)))
    }

    @Test func whoIsLateIsNotWaitedForAndIsNamed() {
        var attempt = Acquisition(Quorum(nodes: 5), reserve: [1, 3])
        var silent = attempt
        #expect(silent.hedge() == .ask(nodes: [1, 3]) && silent.stragglers == [], "all are late alike")
        _ = attempt.receive(.granted(token(7)), from: 2)
        #expect(attempt.mayHedge)
        #expect(attempt.hedge() == .ask(nodes: [1, 3]))
        #expect(attempt.stragglers == [0, 4] && !attempt.mayHedge)
        #expect(attempt.hedge() == .wait, "there is nobody else")
        #expect(attempt.receive(.granted(token(7)), from: 4) == .wait)
        var slow = attempt
        #expect(slow.receive(.granted(token(7)), from: 0) == .issued(token(7)))
        #expect(slow.tempo == .usual, "all are slow: it tells how slow")
        #expect(attempt.receive(.granted(token(7)), from: 3) == .issued(token(7)))
        #expect(attempt.tempo == .hedged, "one is slow: it tells how long it was waited for")
    }

    @Test func theHomeIsAskedAloneAndThenTheRestOfItsMajority() {
        var attempt = Acquisition(Quorum(nodes: 5), home: 2, reserve: [1, 3])
        #expect(attempt.asked == [2])
        #expect(attempt.hedge() == .wait && attempt.mayHedge, "its refusal would decide")
        #expect(attempt.receive(.granted(token(7)), from: 2) == .ask(nodes: [0, 4]))
        #expect(attempt.asked == [0, 2, 4])
        #expect(attempt.receive(gone, from: 0) == .ask(nodes: [1, 3]))
    }

    /// However late the home was, those who are asked behind it have the whole delay; then others are asked.
    @Test func theDelayBeginsAnewBehindTheHome() {
        var attempt = Acquisition(Quorum(nodes: 5), home: 2, reserve: [1, 3])
        #expect(attempt.hedge() == .wait)
        _ = attempt.receive(.granted(token(7)), from: 2)
        #expect(attempt.hedge() == .wait && attempt.mayHedge, "they were asked a moment ago")
        #expect(attempt.receive(.granted(token(7)), from: 0) == .wait)
        #expect(attempt.hedge() == .ask(nodes: [1, 3]))
        #expect(attempt.stragglers == [4])
        #expect(attempt.receive(.granted(token(7)), from: 1) == .issued(token(7)))
    }

    @Test func aReserveThatRefusesDoesNotHideHowLongTheOthersTook() {
        var attempt = Acquisition(Quorum(nodes: 5), reserve: [1, 3])
        _ = attempt.hedge()
        #expect(attempt.receive(gone, from: 1) == .wait)
        for node in [0, 2] { #expect(attempt.receive(.granted(token(7)), from: node) == .wait) }
        #expect(attempt.receive(.granted(token(7)), from: 4) == .issued(token(7)))
        #expect(attempt.tempo == .usual)
    }

    @Test func aHomeThatCannotVoteIsReplacedByAll() {
        var attempt = Acquisition(Quorum(nodes: 5), home: 2, reserve: [1, 3])
        #expect(attempt.receive(gone, from: 2) == .ask(nodes: [0, 1, 3, 4]))
    }

    /// Every way in which nodes can answer, in several orders, with hedges in between or without: an attempt that asks
    /// a majority first never waits for somebody whom nobody asked, and gets the lock whenever a majority grants it.
    @Test(arguments: [3, 4, 5, 7], [false, true]) func nothingIsLostByAskingAMajorityFirst(
        _ count: Int, _ hasHome: Bool
    ) {
        let quorum = Quorum(nodes: count)
        var chance = SeededGenerator(seed: UInt64(count))
        var powers = [1]
        for _ in 0..<count { powers.append(powers[powers.count - 1] * 3) }
        for code in 0..<powers[count] {
            let says = (0..<count).map { node in
                switch code / powers[node] % 3 {
                case 0: Acquisition.Answer.granted(token(Int64(7 + chance.next() % 2)))
                case 1: held
                default: gone
                }
            }
            let order = (0..<count).sorted { _, _ in chance.next() % 2 == 0 }
            let home = hasHome ? order[0] : nil
            let result = Self.outcome(
                of: Acquisition(quorum, home: home, reserve: Array(order[quorum.majority...])), says, &chance)
            let grants = says.count { if case .granted = $0 { true } else { false } }
            let isHomeHeld = home.map { if case .refused(.held) = says[$0] { true } else { false } } ?? false
            if grants >= quorum.majority, !isHomeHeld {
                guard case .issued = result else { return failed(says, order, hasHome, result) }
            } else {
                guard result == .failed else { return failed(says, order, hasHome, result) }
            }
        }
    }

    private func failed(_ says: [Acquisition.Answer], _ order: [Int], _ hasHome: Bool, _ result: Acquisition.Action) {
        Issue.record("\(says), order \(order), home first: \(hasHome): \(result)")
    }

    /// Lets whoever is asked answer, in any order, until it is decided or nobody is left. Confirmations succeed.
    private static func outcome(
        of begun: Acquisition, _ says: [Acquisition.Answer], _ chance: inout SeededGenerator
    ) -> Acquisition.Action {
        var attempt = begun
        var answers = (attempt.asked ?? Array(says.indices)).map { ($0, says[$0]) }
        func heed(_ action: Acquisition.Action) -> Acquisition.Action? {
            switch action {
            case .wait: return nil
            case .ask(let nodes): answers += nodes.map { ($0, says[$0]) }
            case .confirm(_, let nodes): answers += nodes.map { ($0, .confirmed) }
            case .issued, .failed: return action
            }
            return nil
        }
        while !answers.isEmpty {
            if chance.next() % 4 == 0, let end = heed(attempt.hedge()) { return end }
            let (node, answer) = answers.remove(at: Int(chance.next() % UInt64(answers.count)))
            if let end = heed(attempt.receive(answer, from: node)) { return end }
        }
        return .wait
    }
}

@Suite struct ReleaseMachineTests {
    @Test func itWaitsUntilAMajorityIsFree() {
        for (nodes, asked, needed) in [(5, 5, 3), (5, 3, 1), (5, 4, 2), (3, 3, 2), (3, 2, 1), (4, 4, 3), (4, 3, 2)] {
            var machine = ReleaseMachine(Quorum(nodes: nodes), asked: asked)
            #expect(machine.needed == needed)
            for node in 1...needed {
                guard case .done = machine.receive(.answer(code: 1, value: 1), phase: 0, from: node) else {
                    #expect(node < needed)
                    continue
                }
                #expect(node == needed)
            }
        }
    }

    @Test func whereEnoughNeverHadItNobodyIsWaitedFor() {
        #expect(ReleaseMachine(Quorum(nodes: 5), asked: 2).needed == 0)
        #expect(ReleaseMachine(Quorum(nodes: 5), asked: 1).needed < 0)
    }

    @Test func whenAllWhoWereAskedAreAwayItIsOver() {
        var machine = ReleaseMachine(Quorum(nodes: 3), asked: 2)
        guard case .wait = machine.receive(.notVoting, phase: 0, from: 0),
            case .done = machine.receive(.notVoting, phase: 0, from: 1)
        else {
            Issue.record("it waits for nobody")
            return
        }
    }
}

@Suite struct HedgeDelayTests {
    @Test func itFollowsTheAttemptsWithinItsBounds() {
        let delay = HedgeDelay(shortest: .milliseconds(2))
        #expect(delay.current(within: .seconds(1)) == HedgeDelay.unknown)
        #expect(delay.current(within: .milliseconds(10)) == .milliseconds(5), "half of what there is")
        for second in 0..<100 { delay.note(.microseconds(200), at: at(second), within: .seconds(1)) }
        #expect(delay.current(within: .seconds(1)) == .milliseconds(2))
        for second in 100..<200 { delay.note(.milliseconds(30), at: at(second), within: .seconds(1)) }
        let slower = delay.current(within: .seconds(1))
        #expect(slower >= .milliseconds(29) && slower < .milliseconds(40), "\(slower)")
    }

    private func at(_ second: Int) -> Instant { Instant(nanoseconds: Int64(second) * 1_000_000_000) }

    @Test func aLongAttemptMakesItLonger() {
        let delay = HedgeDelay(shortest: .milliseconds(2))
        for second in 0..<50 { delay.note(.milliseconds(10), at: at(second), within: .seconds(2)) }
        let before = delay.current(within: .seconds(10))
        delay.note(.seconds(1), at: at(50), within: .seconds(2))
        #expect(delay.current(within: .seconds(10)) > before + .milliseconds(500))
    }

    @Test func aSuspendedAttemptTellsNothing() {
        let delay = HedgeDelay(shortest: .milliseconds(2))
        for second in 0..<50 { delay.note(.milliseconds(10), at: at(second), within: .seconds(1)) }
        let before = delay.current(within: .seconds(1))
        delay.note(.seconds(3600), at: at(3650), within: .seconds(1))
        #expect(delay.current(within: .seconds(1)) == before)
    }
}
