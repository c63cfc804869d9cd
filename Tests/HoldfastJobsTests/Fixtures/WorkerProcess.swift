import Foundation
import HoldfastProcess
import HoldfastRuntime
import JobFaults
import Testing

/// A worker in a process of its own, which strikes itself at a point: `Tests/JobWorker`.
struct WorkerProcess: Sendable {
    let name: String
    let child: ChildProcess
    /// What it has told so far.
    let log = Log<Report>()

    static func start(
        _ name: String, on url: String, queues: [String] = ["q"], lease: Duration, at point: String = "",
        visit: Int = 1, blow: Signal? = nil, concurrency: Int? = nil
    ) async throws -> WorkerProcess {
        let executable = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "job-worker").path
        let verb = blow == .kill ? "kill" : blow == .stop ? "stop" : "none"
        var command = Command(
            executable,
            [
                url, name, queues.joined(separator: ","), String(lease.milliseconds), point,
                String(visit), verb,
            ] + (concurrency.map { [String($0)] } ?? []))
        command.output = .pipe
        return WorkerProcess(name: name, child: try await ChildProcess.start(command))
    }

    /// Reads what it tells until it ends.
    @discardableResult
    func follow() async throws -> HoldfastProcess.ExitStatus {
        for try await line in try #require(child.output).lines() {
            log.observe(try Report(line: line))
        }
        return await child.wait()
    }

    /// When it struck itself; nil while it has not.
    var struck: WallTime? { log.events.first(where: Self.isBlow)?.time }

    @Sendable static func isBlow(_ report: Report) -> Bool { report.what == .blow }

    /// The jobs that it has taken and, as far as it has told, not ended.
    var held: Set<String> { Self.held(log.events) }

    static func held(_ reports: [Report]) -> Set<String> {
        reports.reduce(into: []) { held, report in
            switch report.what {
            case .taken: held.insert(report.job)
            case .ended: held.remove(report.job)
            case .blow: break
            }
        }
    }

    /// How the executions of some jobs ended.
    func outcomes(of jobs: Set<String>) -> [String] {
        log.events.filter { $0.what == .ended && jobs.contains($0.job) }.map(\.detail)
    }
}
