import HoldfastHistory
import HoldfastResources
import HoldfastRuntime
import Testing

@testable import HoldfastChaos

@Suite struct FaultPlanTests {
    private func plan(
        seed: UInt64 = 1, seconds: Int = 20, rate: Double = 1, nodes: Int = 5, workers: Int = 6
    ) -> FaultPlan {
        FaultPlan(
            seed: seed, span: .seconds(seconds), rate: rate, nodes: nodes, workers: workers, lockTTL: .seconds(1),
            jobLease: .seconds(4))
    }

    @Test(arguments: 1...50) func aSmallCrewIsLeftTimeToWork(seed: Int) {
        for workers in 1...3 {
            let paused = plan(seed: UInt64(seed), workers: workers).entries.reduce(Duration.zero) { sum, entry in
                if case .pauseWorker(_, let span) = entry.fault { sum + span } else { sum }
            }
            #expect(paused < .seconds(10) * workers, "more than half of the time of \(workers)")
        }
    }

    @Test func itIsAPureFunctionOfTheSeed() {
        #expect(plan(seed: 7) == plan(seed: 7))
        #expect(plan(seed: 7) != plan(seed: 8))
    }

    @Test func twentySecondsHoldWhatTheDemonstrationPromises() {
        let counts = plan().counts
        #expect(counts.workerKills == 7 && counts.pauses == 5 && counts.nodeKills == 4)
    }

    @Test(arguments: 1...50) func everyPauseOutlivesTheLockAndSomeTheJob(seed: Int) {
        let pauses = plan(seed: UInt64(seed)).entries.compactMap { entry -> Duration? in
            if case .pauseWorker(_, let span) = entry.fault { span } else { nil }
        }
        #expect(pauses.allSatisfy { $0 > .seconds(1) })
        #expect(pauses.contains { $0 > .seconds(4) } && pauses.contains { $0 < .seconds(3) })
    }

    @Test(arguments: 1...50) func neverMoreThanOneNodeIsDownAndAllIsOverInTime(seed: Int) {
        var freeFrom = Duration.zero
        for entry in plan(seed: UInt64(seed)).entries {
            #expect(entry.at < .seconds(20))
            guard case .killNode(_, let down, _) = entry.fault else { continue }
            #expect(entry.at >= freeFrom, "two nodes down at once")
            freeFrom = entry.at + down
        }
    }

    @Test func rateAndSizeAreHeeded() {
        #expect(plan(rate: 0).entries.isEmpty)
        #expect(plan(rate: 2).entries.count == 32)
        #expect(plan(nodes: 1).counts.nodeKills == 0, "a single node is not killed")
    }
}

@Suite struct DemoVerdictTests {
    private func verdict(_ change: (inout Injector.Counts) -> Void) throws -> DemoVerdict {
        let plan = FaultPlan(
            seed: 1, span: .seconds(20), rate: 1, nodes: 5, workers: 6, lockTTL: .seconds(1), jobLease: .seconds(4))
        var faults = plan.counts
        change(&faults)
        return DemoVerdict(try History([]), faults: faults, plan: plan, drained: true, failedJobs: 0)
    }

    @Test func aRunThatDidNotSufferItsPlanFails() throws {
        #expect(try verdict { _ in }.holds)
        #expect(try !verdict { $0.workerKills = 4 }.holds)
        #expect(try !verdict { $0.pauses = 2 }.holds)
        #expect(try !verdict { $0.nodeKills = 2 }.holds)
        #expect(try !verdict { $0.lostNodes = 1 }.holds, "a node stayed down")
    }
}
