import HoldfastRedis
import HoldfastRuntime
import Synchronization
import Testing

@testable import HoldfastJobs

/// Jobs as types: what goes into RQ's payload, and what comes out of it.
@Suite(.timeLimit(.minutes(1))) struct TypedJobTests {
    struct Resize: Job {
        static let name = "images.resize"
        static var options: JobOptions { [.timeout(.seconds(7)), .retry(RetryPolicy(maximum: 1))] }

        var path: String
        var width: Int?

        func perform(_ context: JobContext) async throws -> [String: Int] { [path: width ?? 100] }
    }

    struct Touch: Job {
        static let name = "files.touch"

        func perform(_ context: JobContext) async throws {}
    }

    struct Verdict: Job {
        static let name = "verdict"

        struct Broken: Error {}

        static func verdict(on error: any Error) -> FailureVerdict { error is Broken ? .never : .retryAsConfigured }

        func perform(_ context: JobContext) async throws { throw Broken() }
    }

    struct Bare: Job {
        static let name = "bare"

        let number: Int

        init(_ number: Int) { self.number = number }
        init(from decoder: any Decoder) throws { number = try decoder.singleValueContainer().decode(Int.self) }
        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(number)
        }
        func perform(_ context: JobContext) async throws {}
    }

    @Test func propertiesAreKeywordsAndOptionsAdd() throws {
        let job = try NewJob(Resize(path: "a.png"), .front, .timeout(.seconds(9)))
        #expect(String(decoding: job.payload.json, as: UTF8.self) == #"["images.resize", null, [], {"path":"a.png"}]"#)
        #expect(job.options.timeout == .seconds(9) && job.options.atFront && job.options.retry?.maximum == 1)
        let touch = try NewJob(Touch())
        #expect(String(decoding: touch.payload.json, as: UTF8.self) == #"["files.touch", null, [], {}]"#)
    }

    @Test func aJobThatIsNoObjectIsRefused() {
        #expect { try NewJob(Bare(1)) } throws: { ($0 as? JobsError)?.code == .invalid }
    }

    @Test func runsHoweverItWasCalled() async throws {
        var handlers = HandlerRegistry()
        handlers.register(Resize.self)
        handlers.register(Touch.self)
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let typed = try await queue.enqueue(Resize(path: "a", width: 5))
            let positional = try await queue.enqueue("images.resize", "b", 6)
            let named = try await queue.enqueue("images.resize", keywords: ["path": "c"])
            let touch = try await queue.enqueue(Touch())
            try await redis.burst(registry)
            #expect(try await queue.result(of: typed)?.value() == ["a": 5])
            #expect(try await queue.result(of: positional)?.value() == ["b": 6])
            #expect(try await queue.result(of: named)?.value() == ["c": 100])
            #expect(try await queue.result(of: touch)?.outcome == .successful)
            #expect(try await queue.fetch(typed)?.timeout == .seconds(7))
        }
    }

    @Test func theTypeJudgesItsErrors() async throws {
        var handlers = HandlerRegistry()
        handlers.register(Verdict.self)
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue(Verdict(), .retry(RetryPolicy(maximum: 3)))
            try await redis.burst(registry)
            let job = try #require(try await queue.fetch(id))
            #expect(job.status == .failed && job.executions == 1 && job.retriesLeft == 3)
            #expect(try await queue.result(of: id)?.failure?.contains("Broken") == true)
        }
    }
}
