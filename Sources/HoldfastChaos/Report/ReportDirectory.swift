public import HoldfastHistory
import Foundation

/// What a run leaves for later: `results.json`, `history.jsonl`, `junit.xml`, `report.html` and the scenario itself.
public struct ReportDirectory: Sendable {
    public let path: String

    public init(_ path: String) { self.path = path }

    /// - Parameter scenarioFile: Copied, so that the run can be repeated and judged again.
    /// - Throws: ``ChaosError`` when something cannot be written.
    public func write(_ outcome: ChaosRun.Outcome, scenarioFile: String) throws {
        try prepare()
        guard let scenario = FileManager.default.contents(atPath: scenarioFile) else {
            throw ChaosError("cannot read the scenario \(scenarioFile)", isUsage: true)
        }
        try save(scenario, as: "scenario.yml")
        try outcome.history.write(to: "\(path)/history.jsonl")
        try write(outcome.result, outcome.history)
    }

    /// The part that follows from the history: written anew when it is judged again.
    public func write(_ result: ChaosResult, _ history: History) throws {
        try save(try Self.json(result), as: "results.json")
        try save(Data(JUnitReport.text([result], []).utf8), as: "junit.xml")
        try save(
            Data(HTMLReport.text(result, history, command: "holdfast chaos replay \(path)").utf8), as: "report.html")
    }

    /// A battery's summary.
    public func write(_ summary: BatterySummary) throws {
        try prepare()
        try save(try Self.json(summary), as: "battery.json")
        try save(Data(JUnitReport.text(summary.results, summary.hunts).utf8), as: "junit.xml")
    }

    // MARK: - Reading

    /// The scenario that was run, with the length that the run had.
    public func scenario() throws -> Scenario {
        let result = try result()
        var scenario = try Scenario(file: "\(path)/scenario.yml")
        scenario.name = result.scenario
        scenario.budget.seconds = result.seconds
        return scenario
    }

    public func result() throws -> ChaosResult {
        guard let data = FileManager.default.contents(atPath: "\(path)/results.json") else {
            throw ChaosError("\(path) holds no run's results.json: name a directory that --report wrote", isUsage: true)
        }
        do { return try JSONDecoder().decode(ChaosResult.self, from: data) } catch {
            throw ChaosError("\(path)/results.json cannot be read: \(error)")
        }
    }

    public func history() throws -> History { try History(file: "\(path)/history.jsonl") }

    // MARK: -

    private func prepare() throws {
        do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
            throw ChaosError("cannot make the directory \(path): \(error.localizedDescription)")
        }
    }

    private func save(_ data: Data, as name: String) throws {
        do { try data.write(to: URL(fileURLWithPath: "\(path)/\(name)")) } catch {
            throw ChaosError("cannot write \(path)/\(name): \(error.localizedDescription)")
        }
    }

    private static func json(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }
}
