import Foundation
import HoldfastHTTP
import HoldfastRedis
import HoldfastRuntime
import LocalHTTPServer
import Synchronization
import Testing

@testable import HoldfastJobs

/// Webhooks: signed by the Standard Webhooks specification, delivered by jobs of their own.
@Suite(.timeLimit(.minutes(1))) struct WebhookTests {
    private let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    /// The example of the specification's own libraries.
    @Test func signsAsTheSpecificationSays() throws {
        let secret = try WebhookSecret(secret)
        let body = Array(#"{"test": 2432232314}"#.utf8)
        let signature = secret.signature(id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330, body: body)
        #expect(signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        let headers: HTTPHeaders = [
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,bm9ldHUjKzFob2VudXRob2VodWUzMjRvdWVvdW9ldQo= v2,xx \(signature)",
        ]
        let then = WallTime(microseconds: 1_614_265_400_000_000)
        #expect(secret.verifies(headers, body: body, now: then))
        #expect(!secret.verifies(headers, body: body + [32], now: then))
        #expect(!secret.verifies(headers, body: body, now: WallTime(microseconds: 1_614_266_000_000_000)))
        #expect("\(secret)" == "whsec_…" && !String(reflecting: secret).contains("MfKQ"))
    }

    @Test(arguments: ["", "whsec_", "whsec_x", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ="])
    func refusesOtherSecrets(_ text: String) {
        #expect { try WebhookSecret(text) } throws: { ($0 as? JobsError)?.code == .invalid }
    }

    private func registry(_ secrets: [WebhookSecret] = [], internalAddresses: Bool = true) -> (
        HandlerRegistry, HTTPClient
    ) {
        let http = HTTPClient(WebhookDelivery.configuration(allowsInternalAddresses: internalAddresses))
        var handlers = HandlerRegistry()
        handlers.register("fine") { (_: NoArguments, _) in 1 }
        handlers.register("broken") { (_: NoArguments, _) in throw PermanentFailure("kaputt") }
        handlers.deliver(WebhookDelivery(http: http) { _ in secrets })
        return (handlers, http)
    }

    private struct Body: Decodable {
        let type: String, job_id: String, func_name: String?, status: String, queue: String
        let enqueued_at: String, ended_at: String, exc_info: String?
    }

    @Test func bothEndsAreToldAndSigned() async throws {
        let requests = Mutex<[LocalRequest]>([])
        let secret = try WebhookSecret(secret)
        try await LocalHTTPServer.run { request, responder in
            requests.withLock { $0.append(request) }
            try await responder.answer(204)
        } _: { server in
            let (handlers, http) = registry([secret])
            try await withRedis { redis in
                let queue = try redis.queue("q")
                let hooks: [JobOption] = [
                    .webhook(Webhook(server.url + "/done", on: .finished, headers: ["x-mine": "1"])),
                    .webhook(Webhook(server.url + "/bad", on: .failed)),
                    .webhook(Webhook(server.url + "/get", on: .failed, method: .get)),
                ]
                let fine = try await queue.enqueue("fine", options: JobOptions().adding(hooks))
                let broken = try await queue.enqueue("broken", options: JobOptions().adding(hooks))
                try await redis.burst(handlers)
                let all = requests.withLock { $0 }.sorted { $0.path < $1.path }
                #expect(all.map { "\($0.method) \($0.path)" } == ["POST /bad", "POST /done", "GET /get"])
                for request in all {
                    let headers = HTTPHeaders(request.fields.map { .init(name: $0.name, value: $0.value) })
                    #expect(secret.verifies(headers, body: request.body, now: redis.client.runtime.wallTime))
                }
                let bad = try JSONDecoder().decode(Body.self, from: Data(all[0].body))
                #expect(bad.type == "job.failed" && bad.job_id == broken.text && bad.exc_info == "kaputt")
                #expect(bad.func_name == "broken" && bad.status == "failed" && bad.queue == "q")
                let done = try JSONDecoder().decode(Body.self, from: Data(all[1].body))
                #expect(done.type == "job.finished" && done.job_id == fine.text && done.exc_info == nil)
                #expect(all[1]["x-mine"] == "1" && all[2].body.isEmpty)
                #expect(try await redis.queue("holdfast.webhooks").counts().finished == 3)
            }
            await http.close()
        }
    }

    @Test func whatIsRefusedIsTriedAgainWithTheSameID() async throws {
        let requests = Mutex<[LocalRequest]>([])
        try await LocalHTTPServer.run { request, responder in
            let count = requests.withLock {
                $0.append(request); return $0.count
            }
            if count == 1 { try await responder.answer(500) } else { try await responder.answer(200) }
        } _: { server in
            let (handlers, http) = registry()
            try await withRedis { redis in
                let deliveries = try redis.queue("holdfast.webhooks")
                try await redis.queue("q").enqueue("fine", options: [.webhook(Webhook(server.url, on: .finished))])
                try await redis.burst(handlers)
                let waiting = try #require(try await deliveries.scheduled().first)
                #expect(try await deliveries.fetch(waiting.id)?.retriesLeft == 8)
                try await redis.client.send(
                    RedisCommand("ZADD", "rq:scheduled:holdfast.webhooks", "1", RedisArgument(waiting.id.text)))
                #expect(try await redis.promote("holdfast.webhooks") == 1)
                try await redis.burst(handlers)
                let ids = requests.withLock { $0.map { $0["webhook-id"] } }
                #expect(ids == [waiting.id.text, waiting.id.text])
                #expect(requests.withLock { $0[0]["webhook-signature"] } == nil)
                #expect(try await deliveries.fetch(waiting.id)?.status == .finished)
            }
            await http.close()
        }
    }

    @Test func aReceiverThatIsGoneEndsAmongTheFailed() async throws {
        try await LocalHTTPServer.run { _, responder in
            try await responder.answer(410)
        } _: { server in
            let (handlers, http) = registry()
            try await withRedis { redis in
                try await redis.queue("q").enqueue("fine", options: [.webhook(Webhook(server.url, on: .finished))])
                try await redis.burst(handlers)
                #expect(try await redis.queue("holdfast.webhooks").counts().failed == 1)
            }
            await http.close()
        }
    }

    @Test func aReceiverMaySayWhen() async throws {
        try await LocalHTTPServer.run { _, responder in
            try await responder.answer(429, [("retry-after", "120")])
        } _: { server in
            let (handlers, http) = registry()
            try await withRedis { redis in
                let deliveries = try redis.queue("holdfast.webhooks")
                try await redis.queue("q").enqueue("fine", options: [.webhook(Webhook(server.url, on: .finished))])
                try await redis.burst(handlers)
                let waiting = try #require(try await deliveries.scheduled().first)
                let record = try #require(try await deliveries.fetch(waiting.id))
                #expect(record.retriesLeft == 9)
                #expect(abs(waiting.due.seconds - (try #require(record.endedAt)).seconds - 120) < 0.01)
            }
            await http.close()
        }
    }

    @Test func internalAddressesAreNotReached() async throws {
        let requests = Mutex(0)
        try await LocalHTTPServer.run { _, responder in
            requests.withLock { $0 += 1 }
            try await responder.answer(200)
        } _: { server in
            let (handlers, http) = registry(internalAddresses: false)
            try await withRedis { redis in
                try await redis.queue("q").enqueue("fine", options: [.webhook(Webhook(server.url, on: .finished))])
                try await redis.burst(handlers)
                let deliveries = try redis.queue("holdfast.webhooks")
                #expect(try await deliveries.counts().scheduled == 1 && requests.withLock { $0 } == 0)
            }
            await http.close()
        }
    }

    /// Workers without a delivery leave them to those that have one.
    @Test func onlyWorkersWithADeliveryTakeThem() async throws {
        var handlers = HandlerRegistry()
        handlers.register("fine") { (_: NoArguments, _) in 1 }
        let registry = handlers
        try await withRedis { redis in
            try await redis.queue("q").enqueue("fine", options: [.webhook(Webhook("https://a.example", on: .finished))])
            try await redis.burst(registry)
            #expect(try await redis.queue("holdfast.webhooks").counts().queued == 1)
        }
    }
}
