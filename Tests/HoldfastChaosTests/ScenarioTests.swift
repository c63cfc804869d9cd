import Foundation
import HoldfastHistory
import HoldfastRuntime
import Testing

@testable import HoldfastChaos

@Suite struct ScenarioTests {
    private func read(_ yaml: String) throws(ChaosError) -> Scenario {
        try Scenario(yaml: yaml, name: "x", file: "x.yml")
    }

    private func complaint(_ yaml: String) -> String? {
        do throws(ChaosError) {
            _ = try read(yaml)
            return nil
        } catch { return error.description }
    }

    private static let minimal = "about: a\nworkload: {kind: counter}\nguarantees: [tokens]\n"

    @Test func everyFieldIsRead() throws {
        let scenario = try read(
            """
            about: What it shows.
            topology: {nodes: 3, workers: 2}
            workload: {kind: jobs, lock-ttl: 700ms, job-lease: 2s, keys: 3, concurrency: 4, backlog: 9}
            faults:
              - {fault: kill, on: worker, every: 3s, points: [any, job.begun]}
              - {fault: kill, on: minority, at: [1s, 2.5s], for: 1s..2s, restart: [empty, cut]}
              - {fault: delay, on: node-2, every: 1s, by: 30ms}
              - {fault: other-nodes, on: worker, every: 2s, list: [turned]}
            guarantees: [jobs, tokens]
            sometimes: [job-recovered]
            mutants: [key-off]
            budget: {seconds: 7, drain: 1m, recovery: 3s}
            """)
        #expect(scenario.topology.nodes == 3 && scenario.topology.workers == 2)
        #expect(scenario.workload.kind == .jobs && scenario.workload.lockTTL == .milliseconds(700))
        #expect(scenario.workload.jobLease == .seconds(2) && scenario.workload.backlog == 9)
        #expect(
            scenario.faults.map(\.title) == [
                "kill worker", "kill minority of nodes", "delay node-2", "other-nodes worker",
            ])
        #expect(scenario.faults[3].lists == [.turned])
        #expect(scenario.faults[0].points == [nil, "job.begun"])
        #expect(scenario.faults[1].rhythm == .at([.seconds(1), .milliseconds(2500)]))
        #expect(scenario.faults[1].spans == [.seconds(1) ... .seconds(2)])
        #expect(scenario.faults[1].restarts == [.empty, .cut] && scenario.faults[2].extent == .milliseconds(30))
        #expect(scenario.guarantees == [.jobs, .tokens] && scenario.sometimes == [.jobRecovered])
        #expect(scenario.mutants == [.keyOff] && scenario.budget.drain == .seconds(60))
        #expect(scenario.budget.seconds == 7 && scenario.budget.recovery == .seconds(3))
    }

    @Test(arguments: [
        ("about: a\nworkload: {kind: sums}\nguarantees: [tokens]", "x.yml:2: workload.kind: one of"),
        ("about: a\nworkload: {kind: jobs}", "x.yml:1: guarantees: "),
        ("workload: {kind: jobs}\nguarantees: [jobs]", "x.yml:1: about: is missing"),
        (minimal + "topology: {nodes: 10}", "x.yml:4: topology.nodes: a number from 0 to 9 is expected, not 10"),
        (minimal + "budget:\n  seconds: 5\n  minutes: 3", "x.yml:6: budget.minutes: there is no such field"),
        (minimal + "topology: {nodes: 0}", "x.yml:4: topology: only the workload jobs"),
        (minimal + "faults:\n- {fault: kill, on: worker}", "x.yml:5: faults[0].every: say when"),
        (minimal + "faults:\n- {fault: kill, on: node-6, every: 1s}", "x.yml:5: faults[0].on: there is no node-6"),
        (minimal + "faults:\n- {fault: stall, on: worker, every: 1s}", "x.yml:5: faults[0].on: stall strikes links"),
        (minimal + "faults:\n- {fault: disk-full, on: worker, every: 1s}", "x.yml:5: faults[0].on: disk-full strikes"),
        (minimal + "faults:\n- {fault: other-nodes, on: node, every: 1s}", "x.yml:5: faults[0].on: other-nodes makes"),
        (
            minimal + "faults:\n- {fault: kill-program, on: worker, every: 1s, points: program.begun}",
            "x.yml:5: faults: only the workers of the workload jobs"
        ),
        (
            minimal + "faults:\n- {fault: kill-program, on: node, every: 1s}",
            "x.yml:5: faults[0].on: kill-program strikes what a worker runs"
        ),
        (
            minimal + "faults:\n- {fault: kill-program, on: worker, every: 1s, points: job.begun}",
            "x.yml:5: faults[0].points: kill-program, and nothing else, strikes at program.begun"
        ),
        (
            minimal + "faults:\n- {fault: kill, on: worker, every: 1s, points: program.begun}",
            "x.yml:5: faults[0].points: kill-program, and nothing else, strikes at program.begun"
        ),
        (minimal + "faults:\n- {fault: kill, on: ring, every: 1s}", "x.yml:5: faults[0].on: a ring is made of links"),
        (minimal + "faults:\n- {fault: pause, on: worker, every: 1s}", "x.yml:5: faults[0].points: say at which"),
        (
            minimal + "faults:\n- {fault: kill, on: worker, every: 1s, points: here}",
            "x.yml:5: faults[0].points: there is no point here"
        ),
        (minimal + "faults:\n- {fault: kill, on: node, every: 1s, for: 2s..1s}", "x.yml:5: faults[0].for: 2s..1s ends"),
        (minimal + "faults:\n- {fault: kill, on: node, every: soon}", "x.yml:5: faults[0].every: a span such as"),
        ("about: [", "x.yml: "), ("", "x.yml is empty"),
    ])
    func complaintsNameLineAndField(yaml: String, beginning: String) {
        let text = complaint(yaml)
        #expect(text?.hasPrefix(beginning) == true, "\(text ?? "no complaint")")
    }

    /// The files that the repository has.
    @Test func theScenariosOfThisRepositoryAreRead() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let scenarios = try Scenario.all(in: root.appendingPathComponent("chaos").path)
        #expect(scenarios.count >= 6)
        for scenario in scenarios {
            #expect(!FaultPlan(scenario, seed: 1).entries.isEmpty, "\(scenario.name)")
        }
        // Every kind of fault has a scenario.
        #expect(Set(scenarios.flatMap(\.faults).map(\.kind)) == Set(FaultSpec.Kind.allCases))
        #expect(Set(scenarios.flatMap(\.faults).flatMap(\.restarts)) == Set(FaultSpec.Restart.allCases))
        #expect(Set(scenarios.flatMap(\.faults).flatMap(\.points).compactMap(\.self)) == Set(Points.all))
        #expect(Set(scenarios.flatMap(\.mutants)) == Set(Mutant.allCases))
        #expect(Set(scenarios.flatMap(\.sometimes)) == Set(Occurrence.allCases))
    }
}
