import Foundation
import HoldfastCluster
import HoldfastProcess
import Testing

/// `holdfast bench jobs`, as a user runs it.
@Suite("The bench command, of jobs", .serialized, .timeLimit(.minutes(2)))
struct BenchJobsCommandTests {
    private struct Report: Decodable {
        struct Spans: Decodable {
            var p50, p99: Double
        }
        var jobs, workers, concurrency, payload: Int
        var enqueue_per_s, bulk_enqueue_per_s, drain_per_s, round_trips_per_job, commands_per_job: Double
        var cpu_us_per_job, server_cpu_us_per_job, rss_mb: Double
        var pickup_us: Spans
    }

    private func bench(_ arguments: String...) async throws -> Invocation {
        try await Invocation.run(["bench", "jobs"] + arguments, variables: ["HOLDFAST_STORE": "", "HOLDFAST_DIR": ""])
    }

    @Test func itStartsAStoreOfItsOwn() async throws {
        let outcome = try await bench(
            "--jobs", "500", "--workers", "2", "--concurrency", "4", "--payload", "9", "--json")
        #expect(outcome.status == .exited(0) && outcome.error == "", "\(outcome)")
        let report = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
        #expect(report.jobs == 500 && report.workers == 2 && report.concurrency == 4 && report.payload == 9)
        #expect(report.enqueue_per_s > 0 && report.bulk_enqueue_per_s > 0 && report.drain_per_s > 0)
        #expect(report.pickup_us.p50 > 0 && report.pickup_us.p50 <= report.pickup_us.p99)
        #expect(report.round_trips_per_job > 0 && report.commands_per_job > 4)
        #expect(report.cpu_us_per_job > 0 && report.rss_mb > 1)
    }

    @Test func itMeasuresAServerThatIsNamed() async throws {
        try await withTemporaryCluster(nodes: 0, stores: 1) { cluster in
            let outcome = try await bench("--redis", cluster.storeURLs[0], "--jobs", "50", "--quiet")
            #expect(outcome.status == .exited(0))
            #expect(outcome.output.hasPrefix("50 jobs of 64 bytes, 1 worker, 32 at once\n"), "\(outcome)")
            #expect(outcome.output.contains("\ndrained per second "))
        }
        let unreachable = try await bench("--redis", "redis://127.0.0.1:1", "--jobs", "50")
        #expect(unreachable.status == .exited(69) && unreachable.error.hasPrefix("holdfast: "), "\(unreachable)")
    }

    @Test(arguments: [
        ["--jobs", "0"], ["--workers", "0"], ["--concurrency", "10001"], ["--payload", "-1"], ["--redis", "nowhere"],
    ])
    func aWrongCommandLineIsRefused(_ arguments: [String]) async throws {
        let outcome = try await Invocation.run(["bench", "jobs"] + arguments)
        #expect(outcome.status == .exited(2) && outcome.error.hasPrefix("holdfast: "), "\(outcome)")
    }
}
