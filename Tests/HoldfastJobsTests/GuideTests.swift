import Foundation
import HoldfastCluster
import HoldfastHTTP
import HoldfastJobs
import HoldfastRedis
import Logging
import Testing

/// The Swift of docs/jobs.md.
@Suite(.timeLimit(.minutes(1))) struct GuideTests {
    struct Report: Job {
        static let name = "reports.build"

        var year: Int
        var format: String?

        func perform(_ context: JobContext) async throws -> String {
            "report-\(year).\(format ?? "html")"
        }
    }

    struct Charge: Job {
        static let name = "payments.charge"

        var account: String

        static func verdict(on error: any Error) -> FailureVerdict {
            error is CancellationError ? .retryAsConfigured : .never
        }

        func perform(_ context: JobContext) async throws {
            if account.isEmpty { throw PermanentFailure("no account") }
            if context.attempt == 1 { throw RetryLater(after: .milliseconds(10), "the bank asks to come later") }
        }
    }

    struct Mail: Decodable { let to: [String] }

    @Test func theGuideIsTrue() async throws {
        try await withTemporaryCluster(nodes: 0, stores: 1) { cluster in
            let url = cluster.storeURLs[0]
            var handlers = HandlerRegistry()
            handlers.register(Report.self)
            handlers.register("mail.send") { (call: Mail, context: JobContext) in call.to.count }
            handlers.register(Charge.self)
            handlers.register("reports.told") { (call: CallbackCall, context: JobContext) in
                context.logger.info("\(call.jobID): \(call.kind)")
            }
            let secret = try WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
            let http = HTTPClient(WebhookDelivery.configuration())
            handlers.deliver(WebhookDelivery(http: http) { url in [secret] })
            let client = RedisClient(try RedisConfiguration(url: url), scripts: JobScripts.all)
            let worker = try Worker(queues: [try QueueName("default")], client: client, handlers: handlers)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await worker.run() }
                let queue = try Queue("default", client: client)
                let id = try await queue.enqueue(Report(year: 2026, format: "pdf"))
                let name = try await queue.wait(for: id, patience: .seconds(30)).value(as: String.self)
                #expect(name == "report-2026.pdf")
                try await showOptions(queue, client)
                try await showCron(queue, client)
                worker.shutdown()
                try await group.waitForAll()
            }
            await http.close()
            await client.close()
        }
    }

    private func showOptions(_ queue: Queue, _ client: RedisClient) async throws {
        try await queue.enqueue(Report(year: 2027), .delay(.seconds(5)), .retry(.exponential(5)))
        try await queue.enqueue("mail.send", keywords: ["to": ["me"]], options: [.front, .timeout(.seconds(20))])
        try await queue.enqueue((2000..<2010).map { try NewJob(Report(year: $0), .queueTTL(.seconds(3600))) })
        let first = try await queue.enqueue(Report(year: 1999), .unique("report-1999"), .delay(.seconds(60)))
        let same = try await queue.enqueue(Report(year: 1999), .unique("report-1999", whenLive: .adopt))
        #expect(same == first)
        try await queue.enqueue(Report(year: 2003), .limit("crm", concurrency: 5))
        try await queue.enqueue(Report(year: 2004), .limit("mail", rate: .init(100, per: .seconds(60), burst: 20)))
        let nightly = try GroupName("nightly")
        let fetch = try await queue.enqueue(Report(year: 2001), .group(nightly))
        try await queue.enqueue(Report(year: 2002), .after(fetch), .group(nightly))
        let status = try await JobGroup(nightly, client: client).wait(patience: .seconds(30))
        #expect(status.finished == 2)
        let charge = try await queue.enqueue(Charge(account: "7"))
        #expect(try await queue.wait(for: charge, patience: .seconds(30)).outcome == .successful)
        let told = try await queue.enqueue(Report(year: 2003), .onSuccess("reports.told"), .onFailure("reports.told"))
        #expect(try await queue.wait(for: told, patience: .seconds(30)).outcome == .successful)
        try await queue.enqueue(Report(year: 2004), .webhook(Webhook("https://hooks.example/jobs", on: .failed)))
    }

    private func showCron(_ queue: Queue, _ client: RedisClient) async throws {
        let nightlyReport = try CronEntry(
            "nightly-report", CronSchedule("30 2 * * mon-fri", zone: "Europe/Vienna"), queue: queue.name,
            NewJob(Report(year: 2005), .unique("nightly-report")))
        let scheduler = CronScheduler([nightlyReport], client: client)
        let table = CronTable(client: client)
        try await table.define(nightlyReport)
        let entries = try await table.entries()
        #expect(entries.map(\.name) == ["nightly-report"] && scheduler.table.keys == table.keys)
    }

    /// Every line of Swift in the guide stands in this file.
    @Test func theGuideShowsWhatIsTested() throws {
        let here = try String(contentsOfFile: #filePath, encoding: .utf8)
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let guide = try String(contentsOfFile: "/\(root)/docs/jobs.md", encoding: .utf8)
        let known = Set(here.split(separator: "\n").map { $0.trimmingPrefix(while: \.isWhitespace) })
        let blocks = guide.components(separatedBy: "```swift\n").dropFirst().map {
            $0.components(separatedBy: "```")[0]
        }
        #expect(blocks.count == 10)
        for line in blocks.joined().split(separator: "\n") {
            #expect(known.contains(line.trimmingPrefix(while: \.isWhitespace)), "\(line)")
        }
    }
}
