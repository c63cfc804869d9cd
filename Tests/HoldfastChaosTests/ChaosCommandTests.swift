import Foundation
import HoldfastHistory
import HoldfastProcess
import Testing

@testable import HoldfastChaos

/// Scenarios as their users run them: the real program, real processes, real harm.
@Suite(.serialized) struct ChaosCommandTests {
    private func run(
        _ name: String, _ directory: String, _ more: [String] = []
    ) async throws -> (status: HoldfastProcess.ExitStatus, summary: BatterySummary) {
        let report = directory + "/report"
        let (status, output, errors) = try await ChaosProgram.run(
            ["chaos", "run", ChaosProgram.scenario(name), "--json", "--report", report] + more, scratch: directory)
        let summary = try #require(try? JSONDecoder().decode(BatterySummary.self, from: output), "\(errors)")
        return (status, summary)
    }

    private func complaints(_ summary: BatterySummary) -> String {
        summary.results.flatMap(\.judgements).filter { $0.verdict != .valid }
            .map { "\($0.guarantee): \($0.doubt ?? $0.violations.first?.sentence ?? "")" }.joined(separator: "; ")
    }

    /// What must happen sometimes is asked of batteries, not of one short run.
    @Test(.timeLimit(.minutes(3)), arguments: ["network", "disks", "strangers", "jobs"])
    func guaranteesHoldAndTheReportIsWhole(name: String) async throws {
        try await ChaosProgram.withDirectory { directory in
            let (_, summary) = try await run(name, directory, ["--seconds", "8"])
            let result = try #require(summary.results.first)
            #expect(result.verdict == .valid, "\(complaints(summary))")
            #expect(!result.faults.isEmpty && result.faults.allSatisfy { $0.confirmed > 0 }, "\(result.faults)")
            let report = "\(directory)/report/\(name)-1"
            for file in ["results.json", "history.jsonl", "junit.xml", "report.html", "scenario.yml"] {
                #expect(FileManager.default.fileExists(atPath: "\(report)/\(file)"), "\(file)")
            }
            // Judged again by whoever receives it, it comes to the same.
            let again = try await ChaosProgram.run(["chaos", "report", report, "--json"], scratch: directory)
            #expect(again.status == .exited(0))
            #expect(try JSONDecoder().decode(ChaosResult.self, from: again.output).judgements == result.judgements)
        }
    }

    @Test(.timeLimit(.minutes(3))) func aHistoryThatWasTamperedWithIsFoundGuilty() async throws {
        try await ChaosProgram.withDirectory { directory in
            _ = try await run("counter", directory, ["--seconds", "4"])
            let report = "\(directory)/report/counter-1"
            var events = try History(file: "\(report)/history.jsonl").events
            let grants = events.indices.filter { events[$0].f == "acquire" && events[$0].type == .ok }
            let (first, last) = (try #require(grants.first), try #require(grants.last))
            events[last].value = events[first].value
            try History(events).write(to: "\(report)/history.jsonl")
            let (status, _, _) = try await ChaosProgram.run(["chaos", "report", report, "--json"], scratch: directory)
            #expect(status == .exited(1))
        }
    }

    /// Of three nodes two have forgotten everything, so that nobody admits them but an operator, who does not come.
    @Test(.timeLimit(.minutes(2))) func aRunAfterWhichNoLockIsGrantedIsGuilty() async throws {
        try await ChaosProgram.withDirectory { directory in
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let file = directory + "/dead.yml"
            let text = """
                about: Nothing comes back.
                topology: {nodes: 3, workers: 2}
                workload: {kind: counter, lock-ttl: 600ms, keys: 1, concurrency: 1}
                faults: [{fault: kill, on: majority, at: [1s], for: 200ms, restart: empty}]
                guarantees: [tokens, liveness]
                budget: {seconds: 2, recovery: 3s}
                """
            try Data(text.utf8).write(to: URL(fileURLWithPath: file))
            let (status, output, errors) = try await ChaosProgram.run(
                ["chaos", "run", file, "--json"], scratch: directory + "/run")
            let summary = try #require(try? JSONDecoder().decode(BatterySummary.self, from: output), "\(errors)")
            let judged = summary.results.first?.judgements.filter { $0.verdict == .invalid }.map(\.guarantee)
            #expect(status == .exited(1) && judged == [LivenessCheck.guarantee], "\(complaints(summary))")
        }
    }

    @Test(.timeLimit(.minutes(1))) func aScenarioThatIsWrongIsRefusedWithItsLine() async throws {
        try await ChaosProgram.withDirectory { directory in
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let file = directory + "/wrong.yml"
            try Data("about: a\nworkload: {kind: counter}\nguarantees: [hope]\n".utf8)
                .write(to: URL(fileURLWithPath: file))
            let (status, _, errors) = try await ChaosProgram.run(["chaos", "run", file], scratch: directory)
            #expect(status == .exited(2) && errors.contains("wrong.yml:3: guarantees: one of"), "\(errors)")
        }
    }
}
