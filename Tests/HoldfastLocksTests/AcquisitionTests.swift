import Testing

@testable import HoldfastLocks

/// The acquisition's decisions, event by event; no node, no time.
@Suite struct AcquisitionTests {
    private func token(_ number: Int64) -> FencingToken { FencingToken(rawValue: number) }
    private let refused = Acquisition.Answer.refused(.held(remaining: nil))

    @Test func aMajorityInStepIsIssuedInOneRound() {
        var attempt = Acquisition(Quorum(nodes: 5))
        #expect(attempt.receive(.granted(token(7)), from: 0) == .wait)
        #expect(attempt.receive(.granted(token(7)), from: 3) == .wait)
        #expect(attempt.receive(.granted(token(7)), from: 1) == .issued(token(7)))
        #expect(attempt.rounds == 1)
        #expect(attempt.receive(.granted(token(9)), from: 2) == .wait, "stragglers change nothing")
    }

    @Test func aNodeThatAnswersTwiceHasOneVote() {
        var attempt = Acquisition(Quorum(nodes: 3))
        #expect(attempt.receive(.granted(token(7)), from: 0) == .wait)
        #expect(attempt.receive(.granted(token(7)), from: 0) == .wait)
        #expect(attempt.receive(refused, from: 1) == .wait)
        #expect(attempt.receive(refused, from: 1) == .wait)
        #expect(attempt.receive(.granted(token(7)), from: 2) == .issued(token(7)))
    }

    @Test func unequalGrantsAreConfirmedAtTheLargest() {
        var attempt = Acquisition(Quorum(nodes: 5))
        _ = attempt.receive(.granted(token(3)), from: 0)
        _ = attempt.receive(.granted(token(5)), from: 1)
        #expect(attempt.receive(.granted(token(4)), from: 2) == .confirm(token(5), nodes: [0, 2]))
        #expect(attempt.receive(.confirmed, from: 0) == .wait)
        #expect(attempt.receive(.confirmed, from: 2) == .issued(token(5)))
        #expect(attempt.rounds == 2)
    }

    @Test func aLateGrantOfTheSameNumberCountsAndASmallerOneIsConfirmed() {
        var attempt = Acquisition(Quorum(nodes: 5))
        _ = attempt.receive(.granted(token(3)), from: 0)
        _ = attempt.receive(.granted(token(5)), from: 1)
        _ = attempt.receive(.granted(token(3)), from: 2)
        #expect(attempt.receive(.granted(token(2)), from: 3) == .confirm(token(5), nodes: [3]))
        #expect(attempt.receive(.granted(token(5)), from: 4) == .wait)
        #expect(attempt.receive(.confirmed, from: 3) == .issued(token(5)))
    }

    @Test func largerLateGrantsAndRefusalsEndAHopelessConfirmation() {
        var attempt = Acquisition(Quorum(nodes: 3))
        _ = attempt.receive(.granted(token(1)), from: 0)
        #expect(attempt.receive(.granted(token(2)), from: 1) == .confirm(token(2), nodes: [0]))
        #expect(attempt.receive(.granted(token(4)), from: 2) == .wait)
        #expect(attempt.receive(.refused(.lostHold), from: 0) == .failed)
    }

    @Test func moreRefusalsThanToleratedFailAtOnce() {
        var attempt = Acquisition(Quorum(nodes: 5))
        #expect(attempt.receive(refused, from: 0) == .wait)
        #expect(attempt.receive(refused, from: 1) == .wait)
        #expect(attempt.receive(refused, from: 2) == .failed)
    }

    @Test func aTieOfAnEvenClusterIsNoMajority() {
        var attempt = Acquisition(Quorum(nodes: 4))
        _ = attempt.receive(.granted(token(1)), from: 0)
        #expect(attempt.receive(.granted(token(1)), from: 1) == .wait)
        #expect(attempt.receive(refused, from: 2) == .wait)
        #expect(attempt.receive(refused, from: 3) == .failed)
    }

    @Test func silenceIsNotAGrant() {
        var attempt = Acquisition(Quorum(nodes: 3))
        _ = attempt.receive(.granted(token(1)), from: 0)
        #expect(attempt.expire() == .failed)
        #expect(attempt.report == [.granted(token(1)), .noAnswer, .noAnswer])
    }

    @Test func theHomeIsAskedAloneAndItsRefusalDecides() {
        var attempt = Acquisition(Quorum(nodes: 5), home: 3)
        #expect(attempt.asked == [3])
        #expect(attempt.receive(refused, from: 3) == .failed)
        let others = Array(repeating: NodeOutcome.notAsked, count: 3)
        #expect(attempt.report == others + [.held(remaining: nil), .notAsked])
    }

    @Test func aSilentHomeMayHaveGranted() {
        var attempt = Acquisition(Quorum(nodes: 3), home: 1)
        #expect(attempt.expire() == .failed)
        #expect(attempt.report == [.notAsked, .noAnswer, .notAsked])
    }

    @Test func afterTheHomesGrantTheRestIsAsked() {
        var attempt = Acquisition(Quorum(nodes: 5), home: 1)
        #expect(attempt.receive(.granted(token(4)), from: 1) == .ask(nodes: [0, 2, 3, 4]))
        #expect(attempt.receive(.granted(token(4)), from: 0) == .wait)
        #expect(attempt.receive(.granted(token(4)), from: 2) == .issued(token(4)))
    }

    @Test func aHomeThatCannotVoteIsPassedOver() {
        for outcome in [NodeOutcome.notAdmitted, .noAnswer] {
            var attempt = Acquisition(Quorum(nodes: 3), home: 0)
            #expect(attempt.receive(.refused(outcome), from: 0) == .ask(nodes: [1, 2]))
            #expect(attempt.receive(.granted(token(1)), from: 1) == .wait)
            #expect(attempt.receive(.granted(token(1)), from: 2) == .issued(token(1)))
        }
    }

    @Test func aSingleNodeIsItsOwnHome() {
        var attempt = Acquisition(Quorum(nodes: 1), home: 0)
        #expect(attempt.receive(.granted(token(1)), from: 0) == .issued(token(1)))
    }

    @Test func oneNodeIsItsOwnMajority() {
        var attempt = Acquisition(Quorum(nodes: 1))
        #expect(attempt.receive(.granted(token(1)), from: 0) == .issued(token(1)))
    }
}

@Suite struct RenewalTests {
    @Test func aRepairedNodeDoesNotCount() {
        var renewal = Renewal(Quorum(nodes: 3))
        #expect(renewal.receive(.renewed) == .wait)
        #expect(renewal.receive(.repaired) == .wait)
        #expect(renewal.receive(.refused(.lostHold)) == .failed(definite: false))
    }

    /// The next round counts the repaired: to wait for the silent one would be in vain.
    @Test func whereRepairsWouldDoASilentNodeIsNotWaitedFor() {
        var renewal = Renewal(Quorum(nodes: 5))
        for answer in [Renewal.Answer.renewed, .repaired, .renewed] { #expect(renewal.receive(answer) == .wait) }
        var early = renewal
        #expect(early.hedge() == .failed(definite: false))
        #expect(early.receive(.renewed) == .wait)
        #expect(renewal.receive(.renewed) == .renewed)
        var poor = Renewal(Quorum(nodes: 5))
        for answer in [Renewal.Answer.renewed, .repaired] { _ = poor.receive(answer) }
        #expect(poor.hedge() == .wait, "the silent ones are needed")
    }

    @Test func aMajorityThatGaveTheLockUpIsDefinite() {
        var renewal = Renewal(Quorum(nodes: 3))
        #expect(renewal.receive(.refused(.lostHold)) == .wait)
        #expect(renewal.receive(.refused(.lostHold)) == .failed(definite: true))
    }

    @Test func aMajorityRenews() {
        var renewal = Renewal(Quorum(nodes: 5))
        _ = renewal.receive(.renewed)
        _ = renewal.receive(.refused(.noAnswer))
        _ = renewal.receive(.renewed)
        #expect(renewal.receive(.renewed) == .renewed)
        #expect(renewal.expire() == .wait)
    }
}
