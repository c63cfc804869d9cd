import Foundation
import HoldfastMeasurement
import HoldfastRuntime

/// The figures of `holdfast bench jobs`, as `--json` prints them.
struct BenchJobsReport: Codable, Sendable {
    struct Spans: Codable, Sendable {
        var p50: Double
        var p99: Double
    }

    var jobs: Int
    var workers: Int
    var concurrency: Int
    var payload: Int
    var keepsResults: Bool
    var enqueuePerSecond: Double
    var bulkEnqueuePerSecond: Double
    var drainPerSecond: Double
    var pickup: Spans
    var roundTripsPerJob: Double
    var commandsPerJob: Double
    var cpuPerJob: Double
    var serverCPUPerJob: Double
    var residentMegabytes: Double

    private enum CodingKeys: String, CodingKey {
        case jobs, workers, concurrency, payload
        case keepsResults = "keeps_results"
        case enqueuePerSecond = "enqueue_per_s"
        case bulkEnqueuePerSecond = "bulk_enqueue_per_s"
        case drainPerSecond = "drain_per_s"
        case pickup = "pickup_us"
        case roundTripsPerJob = "round_trips_per_job"
        case commandsPerJob = "commands_per_job"
        case cpuPerJob = "cpu_us_per_job"
        case serverCPUPerJob = "server_cpu_us_per_job"
        case residentMegabytes = "rss_mb"
    }

    init(_ load: JobLoad, _ figures: JobFigures) {
        func us(_ percentile: Double) -> Double {
            Self.rounded(Double(figures.pickup.percentile(percentile)?.nanoseconds ?? 0) / 1000)
        }
        jobs = load.jobs
        workers = load.workers
        concurrency = load.concurrency
        payload = load.payload
        keepsResults = load.keepsResults
        enqueuePerSecond = Self.rounded(figures.enqueue.perSecond)
        bulkEnqueuePerSecond = Self.rounded(figures.bulk.perSecond)
        drainPerSecond = Self.rounded(figures.drain.perSecond)
        pickup = Spans(p50: us(50), p99: us(99))
        roundTripsPerJob = Self.rounded(figures.roundTripsPerJob)
        commandsPerJob = Self.rounded(figures.commandsPerJob)
        cpuPerJob = Self.rounded(Double(figures.cpuPerJob.nanoseconds) / 1000)
        serverCPUPerJob = Self.rounded(Double(figures.serverCPUPerJob.nanoseconds) / 1000)
        residentMegabytes = Self.rounded(Double(figures.resident) / 1e6)
    }

    private static func rounded(_ number: Double) -> Double { (number * 1000).rounded() / 1000 }

    /// Writes a table for people.
    func write(to output: Output) throws {
        let palette = Palette(for: output)
        let who = workers == 1 ? "1 worker" : "\(workers) workers"
        let results = keepsResults ? "" : ", results dropped"
        try output.line("\(jobs) jobs of \(payload) bytes, \(who), \(concurrency) at once\(results)")
        var table = Table(["", "value"], right: [1])
        for (name, value) in [
            ("enqueued per second, one a call", Self.text(enqueuePerSecond, 0)),
            ("enqueued per second, \(JobLoad.bulk) a call", Self.text(bulkEnqueuePerSecond, 0)),
            ("drained per second", Self.text(drainPerSecond, 0)),
            ("picked up when idle, p50", Self.text(pickup.p50, 0) + " us"),
            ("picked up when idle, p99", Self.text(pickup.p99, 0) + " us"),
            ("round trips per job", Self.text(roundTripsPerJob, 3)),
            ("server's commands per job", Self.text(commandsPerJob, 2)),
            ("processor time per job", Self.text(cpuPerJob, 1) + " us"),
            ("server's processor time per job", Self.text(serverCPUPerJob, 1) + " us"),
            ("memory", Self.text(residentMegabytes, 0) + " MB"),
        ] { table.add([Table.Cell(name), Table.Cell(value)]) }
        for line in table.lines(palette) { try output.line(line) }
    }

    private static func text(_ number: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", number) }
}
