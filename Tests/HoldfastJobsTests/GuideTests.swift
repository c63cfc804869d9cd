import Foundation
import HoldfastCluster
import HoldfastJobs
import HoldfastRedis
import Testing

/// The Swift of docs/jobs.md.
@Suite(.timeLimit(.minutes(1))) struct GuideTests {
    struct Report: JobHandler {
        struct Arguments: Decodable { let year: Int, format: String? }

        static let function = "reports.build"

        func run(_ arguments: Arguments, in context: JobContext) async throws -> String {
            "report-\(arguments.year).\(arguments.format ?? "html")"
        }
    }

    @Test func theGuideIsTrue() async throws {
        try await withTemporaryCluster(nodes: 0, stores: 1) { cluster in
            let url = cluster.storeURLs[0]
            var handlers = HandlerRegistry()
            handlers.register(Report())
            let client = RedisClient(try RedisConfiguration(url: url), scripts: JobScripts.all)
            let worker = try Worker(queues: [try QueueName("default")], client: client, handlers: handlers)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await worker.run() }
                let queue = try Queue("default", client: client)
                let id = try await queue.enqueue("reports.build", 2026, keywords: ["format": "pdf"])
                let name = try await queue.wait(for: id, patience: .seconds(30)).value(as: String.self)
                #expect(name == "report-2026.pdf")
                worker.shutdown()
                try await group.waitForAll()
            }
            await client.close()
        }
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
        #expect(blocks.count == 2)
        for line in blocks.joined().split(separator: "\n") {
            #expect(known.contains(line.trimmingPrefix(while: \.isWhitespace)), "\(line)")
        }
    }
}
