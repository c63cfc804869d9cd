import HoldfastHistory
import HoldfastRuntime
import Testing

@testable import HoldfastChaos

@Suite struct FaultPlanTests {
    private func demo(seconds: Int = 20, rate: Double = 1, nodes: Int = 5, workers: Int = 6) -> Scenario {
        var configuration = DemoConfiguration(program: "")
        configuration.seconds = seconds
        configuration.faultRate = rate
        configuration.nodes = nodes
        configuration.workers = workers
        return configuration.scenario
    }

    private func plan(
        seed: UInt64 = 1, seconds: Int = 20, rate: Double = 1, nodes: Int = 5, workers: Int = 6
    ) -> FaultPlan {
        FaultPlan(demo(seconds: seconds, rate: rate, nodes: nodes, workers: workers), seed: seed)
    }

    private func pauses(_ plan: FaultPlan) -> [Duration] {
        plan.entries.compactMap { if case .pauseWorker(_, let span) = $0.fault { span } else { nil } }
    }

    @Test(arguments: 1...50) func aSmallCrewIsLeftTimeToWork(seed: Int) {
        for workers in 1...3 {
            let paused = pauses(plan(seed: UInt64(seed), workers: workers)).reduce(.zero, +)
            #expect(paused < .seconds(10) * workers, "more than half of the time of \(workers)")
        }
    }

    @Test func itIsAPureFunctionOfTheSeed() {
        #expect(plan(seed: 7) == plan(seed: 7))
        #expect(plan(seed: 7) != plan(seed: 8))
    }

    @Test func twentySecondsHoldWhatTheDemonstrationPromises() {
        #expect(plan().counts == ["kill worker": 7, "pause worker": 5, "kill node": 4])
    }

    @Test(arguments: 1...50) func everyPauseOutlivesTheLockAndSomeTheJob(seed: Int) {
        let pauses = pauses(plan(seed: UInt64(seed)))
        #expect(pauses.allSatisfy { $0 > .seconds(1) })
        #expect(pauses.contains { $0 > .seconds(5) } && pauses.contains { $0 < .seconds(3) })
    }

    @Test(arguments: 1...50) func neverMoreThanOneNodeIsDownAndAllIsOverInTime(seed: Int) {
        var freeFrom = Duration.zero
        for entry in plan(seed: UInt64(seed)).entries {
            #expect(entry.at < .seconds(20))
            guard case .killNodes(let nodes, let span, _) = entry.fault else { continue }
            #expect(nodes.count == 1 && entry.at >= freeFrom, "two nodes down at once")
            freeFrom = entry.at + span
        }
    }

    @Test func rateAndSizeAreHeeded() {
        #expect(plan(rate: 0).entries.isEmpty)
        #expect(plan(rate: 2).entries.count == 32)
        #expect(plan(nodes: 1).counts["kill node"] == nil, "a single node is not killed")
    }

    @Test(arguments: 1...20) func targetsAreWhatTheyAreCalled(seed: Int) {
        var scenario = Scenario(name: "x", about: "", workload: Workload(.counter))
        scenario.topology.nodes = 5
        scenario.topology.workers = 4
        for target in [FaultSpec.Target.node, .minority, .majority, .ring, .named("node-4")] {
            scenario.faults.append(FaultSpec(.stall, on: target, .at([.seconds(1)])))
        }
        let plan = FaultPlan(scenario, seed: UInt64(seed))
        func links(_ title: String) -> [[Int]] {
            guard case .links(let links, _, _)? = plan.entries.first(where: { $0.title == title })?.fault else {
                return []
            }
            return (0..<4).map { worker in links.filter { $0.worker == worker }.map(\.node) }
        }
        #expect(links("stall node").allSatisfy { $0.count == 1 })
        #expect(links("stall minority of nodes").allSatisfy { $0.count == 2 })
        #expect(links("stall majority of nodes").allSatisfy { $0.count == 3 })
        #expect(links("stall node-4").allSatisfy { $0 == [3] })
        let ring = links("stall ring of links")
        #expect(Set(ring).count == 4 && ring.allSatisfy { $0.count == 2 }, "each worker sees another majority")
    }

    @Test func clocksJumpRunAndCrawl() {
        var scenario = Scenario(name: "x", about: "", workload: Workload(.counter))
        for kind in FaultSpec.Kind.allCases where kind.isOfClock {
            var fault = FaultSpec(kind, on: .node, .at([.seconds(1)]))
            fault.extent = .seconds(3)
            scenario.faults.append(fault)
        }
        let settings = FaultPlan(scenario, seed: 1).entries.compactMap { entry -> String? in
            guard case .clocks(_, let kind, let shift, let rate, _) = entry.fault else { return nil }
            return "\(kind.rawValue) \(shift.milliseconds) \(rate)"
        }
        #expect(
            settings.sorted() == [
                "clock-back -3000 1.0", "clock-fast 0 5.0", "clock-forward 3000 1.0", "clock-slow 0 0.2",
            ])
    }

    @Test func formsAreTakenInTurn() {
        var scenario = Scenario(name: "x", about: "", workload: Workload(.counter))
        var strangers = FaultSpec(.otherNodes, on: .worker, .every(.seconds(5)))
        strangers.lists = [.turned, .shorter]
        var kills = FaultSpec(.kill, on: .minority, .every(.seconds(10)))
        kills.restarts = [.snapshot, .cut]
        var programs = FaultSpec(.killProgram, on: .worker, .at([.seconds(2), .seconds(3)]))
        programs.points = [Points.programEffected, nil]
        scenario.faults = [strangers, kills, programs, FaultSpec(.diskFull, on: .majority, .at([.seconds(1)]))]
        let plan = FaultPlan(scenario, seed: 1)
        #expect(
            plan.entries.filter { $0.title == "other-nodes worker" }.map(\.variant)
                == ["turned list", "shorter list", "turned list", "shorter list"])
        #expect(
            plan.entries.filter { $0.title == "kill minority of nodes" }.map(\.variant)
                == ["back with an old snapshot of its data", "back with the newest bytes of its file gone"])
        #expect(
            plan.entries.filter { $0.title == "kill-program worker" }.map(\.variant)
                == ["at program.effected", "at any point"])
        guard case .nodes(let nodes, .diskFull, _)? = plan.entries.first(where: { $0.title.hasPrefix("disk") })?.fault
        else {
            Issue.record("no disk is full")
            return
        }
        #expect(nodes.count == 3)
    }
}

@Suite struct ChaosResultTests {
    private func result(
        _ scenario: Scenario, confirmed: [String: Int] = [:], isDrained: Bool = true, unhealed: Int = 0,
        absent: Set<String> = [], stuck: [String] = [], events: [HistoryEvent] = []
    ) throws -> ChaosResult {
        let tallies = FaultPlan(scenario, seed: 1).tallies.map { planned in
            var tally = planned
            tally.confirmed = absent.contains(tally.title) ? 0 : confirmed[tally.title] ?? tally.planned
            for form in tally.variants.indices {
                tally.variants[form].confirmed = tally.confirmed == 0 ? 0 : tally.variants[form].planned
            }
            tally.unhealed = unhealed
            tally.absence = absent.contains(tally.title) ? "there is none" : nil
            return tally
        }
        var progress = WorkloadProgress()
        progress.applied = 1
        return ChaosResult(
            scenario, ChaosOptions(program: ""), try History(events), faults: tallies, isDrained: isDrained,
            progress: progress, workersStarted: 1, workersStuck: stuck)
    }

    private var scenario: Scenario {
        var scenario = Scenario(name: "x", about: "", workload: Workload(.jobs))
        scenario.faults = [FaultSpec(.kill, on: .worker, .every(.seconds(5)))]
        scenario.sometimes = [.jobRecovered]
        return scenario
    }

    @Test func aRunThatDidNotSufferItsPlanShowsNothing() throws {
        #expect(try result(scenario).verdict == .valid)
        #expect(try result(scenario, confirmed: ["kill worker": 2]).verdict == .valid)
        #expect(try result(scenario, confirmed: ["kill worker": 1]).verdict == .unknown)
        #expect(try result(scenario, unhealed: 1).verdict == .unknown, "a node stayed down")
        #expect(try result(scenario, confirmed: ["kill worker": 0]).verdict == .unknown, "none at all")
    }

    @Test func aFaultForWhichTheRunIsTooShortIsTold() throws {
        var late = scenario
        late.faults.append(FaultSpec(.pause, on: .node, .at([.seconds(21)])))
        let tally = try #require(try result(late).faults.first { $0.title == "pause node" })
        #expect(tally.planned == 0 && !tally.isEnough && !tally.reasons.isEmpty)
        #expect(try result(late).verdict == .unknown)
    }

    @Test func whatTheMachineCannotDoIsSkippedUnlessItIsAll() throws {
        var more = scenario
        more.faults.append(FaultSpec(.clockBack, on: .node, .every(.seconds(5))))
        #expect(try result(more, absent: ["clock-back node"]).verdict == .valid)
        #expect(try result(more, confirmed: ["clock-back node": 0]).verdict == .unknown, "it could have been")
        #expect(try result(more, absent: ["clock-back node", "kill worker"]).verdict == .unknown)
    }

    @Test func formsOfAFaultAreCountedEach() {
        var kills = FaultSpec(.kill, on: .node, .every(.seconds(5)))
        kills.restarts = [.data, .empty]
        var scenario = scenario
        scenario.faults = [kills]
        var tally = FaultPlan(scenario, seed: 1).tallies[0]
        #expect(tally.variants.map(\.planned) == [2, 2] && tally.planned == 4)
        tally.confirm("back with nothing")
        #expect(tally.variants.map(\.confirmed) == [0, 1] && tally.confirmed == 1)
    }

    @Test func aWorkerThatDoesNotEndWhenItIsAskedToIsAViolation() throws {
        let result = try result(scenario, stuck: ["w1.1"])
        #expect(result.verdict == .invalid && result.workersStuck == ["w1.1"])
    }

    @Test func whereAFaultStaysNothingNeedRecover() throws {
        var scenario = scenario
        scenario.guarantees = [.liveness]
        scenario.budget.recovery = .seconds(1)
        func event(_ second: Int64, _ type: HistoryEvent.Kind) -> HistoryEvent {
            HistoryEvent(
                time: second * 1_000_000_000, process: .client(1), type: type, f: HistoryFunction.acquire,
                value: ["l", .null], client: "w")
        }
        let events = [event(1, .invoke), event(60, .fail)]
        #expect(try result(scenario, events: events).judgement(LivenessCheck.guarantee)?.verdict == .invalid)
        let unhealed = try result(scenario, unhealed: 1, events: events)
        #expect(unhealed.judgement(LivenessCheck.guarantee)?.verdict == .unknown && unhealed.verdict == .unknown)
    }

    @Test func workThatIsNotDoneInTimeIsAViolation() throws {
        #expect(try result(scenario, isDrained: false).verdict == .invalid)
    }

    @Test func whatMustHappenSometimesIsAskedOfTheBattery() throws {
        let without = try result(scenario)
        var with = without
        with.occurrences[Occurrence.jobRecovered.rawValue] = 1
        #expect(BatterySummary([without], []).verdict == .unknown)
        #expect(BatterySummary([without], []).missing == ["x": [.jobRecovered]])
        #expect(BatterySummary([without, with], []).verdict == .valid)
    }

    @Test func aFaultThatNoneOfTheRunsShowsIsAskedOfTheBattery() throws {
        var scenario = scenario
        scenario.sometimes = []
        var kills = FaultSpec(.kill, on: .node, .every(.seconds(3)))
        kills.restarts = [.data, .cut]
        scenario.faults = [kills]
        func run(cut: Int, absence: String? = nil) throws -> ChaosResult {
            var result = try result(scenario)
            result.verdict = .valid
            for place in result.faults[0].variants.indices {
                let form = result.faults[0].variants[place]
                result.faults[0].variants[place].confirmed = form.name.contains("gone") ? cut : form.planned
            }
            result.faults[0].absence = absence
            return result
        }
        let summary = try BatterySummary([run(cut: 0), run(cut: 0)], [])
        #expect(summary.verdict == .unknown)
        #expect(summary.faults.filter(\.isMissing).map(\.form) == ["back with the newest bytes of its file gone"])
        #expect(try BatterySummary([run(cut: 0), run(cut: 1)], []).verdict == .valid)
        #expect(try BatterySummary([run(cut: 0, absence: "no disk"), run(cut: 0)], []).verdict == .valid)
    }

    @Test func aMutantThatSurvivesFailsTheBattery() throws {
        var hunt = MutantHunt(mutant: .fenceOff, scenario: "x")
        #expect(BatterySummary([], [hunt]).verdict == .invalid)
        hunt.evidence = "found"
        #expect(BatterySummary([], [hunt]).verdict == .valid)
    }

    @Test func theDemonstrationFailsWhereItsRunShowsNothing() throws {
        let demo = DemoConfiguration(program: "").scenario
        #expect(try DemoVerdict(result(demo, confirmed: ["kill worker": 2])).holds == false)
        #expect(try DemoVerdict(result(demo, isDrained: false)).holds == false)
    }
}
