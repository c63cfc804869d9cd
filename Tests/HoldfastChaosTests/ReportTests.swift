import Foundation
import HoldfastHistory
import Testing

@testable import HoldfastChaos

/// The page that a run leaves, from histories of a few events.
@Suite struct ReportTests {
    private static let millisecond: Int64 = 1_000_000

    private struct Script {
        var events: [HistoryEvent] = []
        private var process = 0

        mutating func hold(_ lock: String, _ client: String, token: Int64, from: Int64, to: Int64?, wait: Int64 = 2) {
            process += 1
            let value: HistoryValue = [.text(lock), .number(token)]
            add(from - wait, process, .invoke, "acquire", [.text(lock), .null], client)
            add(from, process, .ok, "acquire", value, client, until: from + 800)
            guard let to else { return }
            add(to, process, .invoke, "release", value, client)
            add(to + 1, process, .ok, "release", value, client)
        }

        mutating func fault(_ number: Int64, _ kind: String, _ target: String, from: Int64, to: Int64) {
            note(from, "fault", [.number(number), .text(kind), .text(target), .text("")])
            note(to, "heal", [.number(number)])
        }

        private mutating func note(_ at: Int64, _ f: String, _ value: HistoryValue) {
            events.append(
                HistoryEvent(time: at * millisecond, process: .nemesis, type: .info, f: f, value: value))
        }

        private mutating func add(
            _ at: Int64, _ process: Int, _ type: HistoryEvent.Kind, _ f: String, _ value: HistoryValue,
            _ client: String, until: Int64? = nil
        ) {
            events.append(
                HistoryEvent(
                    time: at * millisecond, process: .client(process), type: type, f: f, value: value,
                    until: until.map { $0 * millisecond }, client: client))
        }
    }

    private func outcome(_ events: [HistoryEvent]) throws -> ChaosRun.Outcome {
        var scenario = Scenario(name: "a<b", about: "It says \"&\".", workload: Workload(.counter))
        scenario.guarantees = [.tokens, .tenures]
        let history = try History(events)
        let result = ChaosResult(
            scenario, ChaosOptions(program: ""), history, faults: [], isDrained: true,
            progress: WorkloadProgress(asked: 1, applied: 1), workersStarted: 2)
        return ChaosRun.Outcome(result: result, history: history)
    }

    @Test func nodesLocksAndClientsHaveRowsWithTheirFaults() throws {
        var script = Script()
        script.hold("jobs/a", "w1.1", token: 1, from: 10, to: 20)
        script.hold("b", "w2.1", token: 2, from: 30, to: 900)
        script.fault(1, "kill", "node-2", from: 100, to: 400)
        script.fault(2, "pause", "w2.1", from: 200, to: 500)
        let page = try outcome(script.events).page(command: "holdfast verify --seed 1 --nodes '<x>'")
        for row in ["Nodes", "node-2", "Locks", "jobs/a", "Clients", "w1.1", "w2.1"] {
            #expect(page.contains(">\(row)</text>"), "no row \(row)")
        }
        // In the row of whom it struck, and as a band behind everything, in both drawings over time.
        #expect(page.components(separatedBy: "class=\"fault\"").count - 1 == 3, "two rows and the legend")
        #expect(page.components(separatedBy: "class=\"band\"").count - 1 == 4)
        // Its lease ended at 830, and it believed in it until 900.
        #expect(page.contains("<title>w2.1 believed to hold b, token 2</title>"))
        #expect(!page.contains("w1.1 believed to hold"))
        #expect(page.contains("a&lt;b") && page.contains("It says &quot;&amp;&quot;."))
        #expect(page.contains("<pre>holdfast verify --seed 1 --nodes '&lt;x&gt;'</pre>"))
        for outside in ["http:", "https:", "src=", "<script", "<link", "url("] {
            #expect(!page.contains(outside), "the page needs \(outside)")
        }
    }

    @Test func recoveryIsTheTimeUntilEveryLockWasGrantedAgain() throws {
        var script = Script()
        script.hold("a", "w1.1", token: 1, from: 10, to: nil)
        script.hold("b", "w2.1", token: 2, from: 20, to: 40)
        script.fault(1, "kill", "w1.1", from: 100, to: 100)
        script.hold("b", "w2.1", token: 3, from: 150, to: 160)
        script.hold("a", "w2.1", token: 4, from: 850, to: 860)
        // It heals after the last grant of b: nothing can be said of it.
        script.fault(2, "delay", "node-1", from: 500, to: 900)
        let recovery = Recovery(try History(script.events))
        let kill = try #require(recovery.lines.first { $0.title == "kill, a client" })
        #expect(kill.sinceBegun == [750] && kill.never == 0, "\(kill)")
        let delay = try #require(recovery.lines.first { $0.title == "delay, nodes" })
        #expect(delay.sinceBegun.isEmpty && delay.never == 1)
    }

    @Test func percentilesAreToldWhereThereIsEvidence() throws {
        var script = Script()
        for index in 0..<200 {
            let at = Int64(100 + index * 20)
            script.hold("a", "w1.1", token: Int64(index + 1), from: at, to: at + 1, wait: index < 100 ? 2 : 10)
        }
        script.fault(1, "delay", "node-1", from: 2095, to: 9000)
        let page = try outcome(script.events).page(command: "")
        let cells = { (title: String) -> [String] in
            guard let row = page.range(of: "\(title)</td>") else { return [] }
            let rest = page[row.upperBound...].prefix { $0 != "\n" }
            let end = rest.range(of: "</tr>")?.lowerBound ?? rest.endIndex
            return rest[..<end].components(separatedBy: "</td>").map { String($0.drop { $0 != ">" }.dropFirst()) }
        }
        #expect(cells("without a fault").dropLast() == ["100", "2 ms", "2 ms", "2 ms", "–", "2 ms"])
        #expect(cells("during faults").prefix(2) == ["100", "10 ms"])
    }

    /// A page that is sent to somebody must not grow with the length of the run without bound.
    @Test func aLongRunIsStillAPage() throws {
        var script = Script()
        for index in 0..<20_000 {
            let at = Int64(100 + index * 10)
            script.hold("lock-\(index % 30)", "w\(index % 50).1", token: Int64(index + 1), from: at, to: at + 3)
        }
        let page = try outcome(script.events).page(command: "")
        #expect(page.utf8.count < 300_000, "\(page.utf8.count) bytes")
        #expect(page.contains("Locks, 12 of 30") && page.contains("Clients, 40 of 50"))
    }
}
