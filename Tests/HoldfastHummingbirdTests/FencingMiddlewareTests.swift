import HTTPTypes
import HoldfastCluster
import HoldfastHTTP
import HoldfastHummingbird
import HoldfastLocks
import HoldfastRedis
import HoldfastResources
import HoldfastRuntime
import Hummingbird
import NIOCore
import Synchronization
import Testing

/// What happened in the handlers, and gates that hold them.
private final class Stage: Sendable {
    struct State {
        var events: [String] = []
        var open: Set<String> = []
        var waiting: [(event: String, continuation: CheckedContinuation<Void, Never>)] = []
    }
    private let state = Mutex(State())

    var events: [String] { state.withLock { $0.events } }

    func say(_ event: String) {
        let ready = state.withLock { state in
            state.events.append(event)
            let ready = state.waiting.filter { $0.event == event }
            state.waiting.removeAll { $0.event == event }
            return ready
        }
        for waiter in ready { waiter.continuation.resume() }
    }

    func wait(for event: String) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let happened = state.withLock { state in
                    if state.events.contains(event) || Task.isCancelled { return true }
                    state.waiting.append((event, continuation))
                    return false
                }
                if happened { continuation.resume() }
            }
        } onCancel: {
            // The test has failed by then: let everything come to its end.
            say(event)
        }
    }
}

/// A store with one step replaced, for what real ones do only when something breaks.
private struct Bent: RequestStore {
    var base = MemoryRequestStore()
    var ignoresOthers = false
    var losesLeases = false

    func begin(
        _ claim: RequestClaim, lease: Duration, retention: Duration, abandoned: AbandonedRequests
    ) async throws(ResourceError) -> RequestAdmission {
        let admission = try await base.begin(claim, lease: lease, retention: retention, abandoned: abandoned)
        if ignoresOthers, case .occupied = admission { return .run(attempt: 1) }
        return admission
    }

    func renew(_ claim: RequestClaim, lease: Duration) async throws(ResourceError) -> Bool {
        if losesLeases { await base.abandon(claim) }
        return await base.renew(claim, lease: lease)
    }

    func complete(
        _ claim: RequestClaim, with answer: StoredResponse, retention: Duration
    ) async throws(ResourceError) -> Bool { await base.complete(claim, with: answer, retention: retention) }

    func abandon(_ claim: RequestClaim) async throws(ResourceError) { await base.abandon(claim) }

    func raise(_ resource: String, to token: FencingToken) async throws(ResourceError) -> RequestAdmission {
        try await base.raise(resource, to: token)
    }
}

@Suite(.serialized, .timeLimit(.minutes(2))) struct FencingMiddlewareTests {
    private struct Broken: Error {}

    private func router(
        _ stage: Stage, _ store: any RequestStore, _ abandoned: AbandonedRequests = .runAgain,
        _ limits: FencingLimits = FencingLimits()
    ) -> Router<BasicRequestContext> {
        let router = Router()
        let group = router.group().add(
            middleware: FencingMiddleware(
                store: store, abandoned: abandoned, limits: limits,
                scope: { request, _ in request.headers[.authorization] ?? "" }, resource: { _, _ in "page" }))
        group.get("page") { _, _ in
            stage.say("read \(FencedRequest.current?.token.description ?? "without a token")")
            return "the page"
        }
        group.post("page") { request, _ -> Response in
            let body = String(buffer: try await request.body.collect(upTo: 1000))
            let current = try #require(FencedRequest.current)
            stage.say("\(body) begins, attempt \(current.attempt), token \(current.token)")
            if body.hasPrefix("gated") { await stage.wait(for: "open \(body)") }
            if body == "outlives" { while current.isAlone { await Task.yield() } }
            if body == "breaks", current.attempt == 1 { throw Broken() }
            if body == "refused" { throw Hummingbird.HTTPError(.notFound, message: "no such page") }
            if body == "large" {
                return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(repeating: 65, count: 2000)))
            }
            stage.say("\(body) ends")
            return Response(
                status: .created, headers: [.location: "/page/1"],
                body: ResponseBody { writer in
                    try await writer.write(ByteBuffer(string: "done "))
                    try await writer.write(ByteBuffer(string: body))
                    try await writer.finish(nil)
                })
        }
        return router
    }

    private func post(
        _ client: Client, _ url: String, _ body: String, token: Int64? = 1, key: String? = "k", as user: String? = nil
    ) async throws -> Answer {
        var headers = HTTPHeaders()
        if let token { headers["Fencing-Token"] = String(token) }
        if let key { headers["Idempotency-Key"] = "\"\(key)\"" }
        if let user { headers["Authorization"] = user }
        return try await client.send(Call(.post, "\(url)/page", headers: headers, body: Array(body.utf8)))
    }

    @Test func aRepeatGetsTheFirstAnswerAndItsHandlerDoesNotRun() async throws {
        let stage = Stage()
        try await withServer(router(stage, MemoryRequestStore())) { (url, client) async throws in
            let first = try await post(client, url, "one")
            #expect(first.status == 201 && first.text == "done one" && first.headers["Location"] == "/page/1")
            #expect(first.headers["Idempotent-Replayed"] == nil)
            let second = try await post(client, url, "one")
            #expect(second.status == 201 && second.text == "done one" && second.headers["Location"] == "/page/1")
            #expect(second.headers["Idempotent-Replayed"] == "true")
            #expect(stage.events == ["one begins, attempt 1, token 1", "one ends"])
            let another = try await post(client, url, "one", as: "another user")
            #expect(another.headers["Idempotent-Replayed"] == nil, "answers are not given to other users")
        }
    }

    @Test func badRequestsAreRefusedBeforeTheHandler() async throws {
        let stage = Stage()
        try await withServer(router(stage, MemoryRequestStore())) { (url, client) async throws in
            #expect(try await post(client, url, "x", token: nil).status == 428)
            #expect(try await post(client, url, "x", token: -1).status == 400)
            #expect(try await post(client, url, "x", key: nil).status == 400)
            #expect(try await post(client, url, "x", key: "").status == 400)
            _ = try await post(client, url, "one", token: 5)
            let reused = try await post(client, url, "two", token: 5)
            #expect(reused.status == 422 && reused.headers["Content-Type"] == "application/problem+json")
            let stale = try await post(client, url, "three", token: 4, key: "l")
            #expect(stale.status == 412)
            #expect(stale.headers["Fencing-Token"] == "4" && stale.headers["Fencing-Fence"] == "5")
            #expect(stale.text.contains(#""fence":5"#) && stale.text.contains(#""token":4"#))
            let large = try await post(client, url, String(repeating: "x", count: 2 << 20), token: 5, key: "m")
            #expect(large.status == 413)
            #expect(stage.events == ["one begins, attempt 1, token 5", "one ends"])
        }
    }

    @Test func aRequestInFlightIsNotStartedAgain() async throws {
        let stage = Stage()
        try await withServer(router(stage, MemoryRequestStore())) { (url, client) async throws in
            async let first = post(client, url, "gated")
            await stage.wait(for: "gated begins, attempt 1, token 1")
            let second = try await post(client, url, "gated")
            #expect(second.status == 409 && second.headers["Retry-After"] == "1")
            stage.say("open gated")
            let answer = try await first
            #expect(answer.status == 201)
            #expect(try await post(client, url, "gated").headers["Idempotent-Replayed"] == "true")
        }
    }

    private func overlap(_ store: any RequestStore) async throws -> [String] {
        let stage = Stage()
        try await withServer(router(stage, store)) { (url, client) async throws in
            async let old = post(client, url, "gated old", token: 1, key: "a")
            await stage.wait(for: "gated old begins, attempt 1, token 1")
            async let new = post(client, url, "new", token: 2, key: "b")
            // The new holder's request has arrived as soon as its token is the fence.
            while try await store.raise("page", to: FencingToken(rawValue: 1))
                != .stale(fence: FencingToken(rawValue: 2))
            {
                await Task.yield()
            }
            let late = try await post(client, url, "late", token: 1, key: "c")
            #expect(late.status == 412)
            if let bent = store as? Bent, bent.ignoresOthers { await stage.wait(for: "new ends") }
            stage.say("open gated old")
            let (older, newer) = try await (old, new)
            #expect(older.status == 201)
            // The bent store let it run without a record, which can keep no answer.
            let bent = (store as? Bent)?.ignoresOthers == true
            #expect(newer.status == (bent ? 503 : 201))
        }
        return stage.events.filter { $0.hasSuffix("ends") }
    }

    @Test func aLaterHoldersRequestWaitsUntilAnEarlierOneHasEnded() async throws {
        #expect(try await overlap(Bent()) == ["gated old ends", "new ends"])
    }

    @Test func withoutOneAtATimeAStaleHandlerEndsAfterTheNewOne() async throws {
        #expect(try await overlap(Bent(ignoresOthers: true)) == ["new ends", "gated old ends"])
    }

    @Test func readersRaiseTheFenceAndWaitToo() async throws {
        let stage = Stage()
        try await withServer(router(stage, MemoryRequestStore())) { (url, client) async throws in
            let plain = try await client.send(Call(.get, "\(url)/page"))
            #expect(plain.text == "the page")
            async let old = post(client, url, "gated", token: 1)
            await stage.wait(for: "gated begins, attempt 1, token 1")
            async let read = client.send(Call(.get, "\(url)/page", headers: ["Fencing-Token": "2"]))
            while try await post(client, url, "late", token: 1, key: "l").status != 412 { await Task.yield() }
            stage.say("open gated")
            let (written, page) = try await (old, read)
            #expect(written.status == 201 && page.text == "the page")
            let stale = try await client.send(Call(.get, "\(url)/page", headers: ["Fencing-Token": "1"]))
            #expect(stale.status == 412)
            #expect(stage.events.last == "read 2" && stage.events.first == "read without a token")
        }
    }

    @Test func aHandlerThatThrowsIsRunAgainOrNeverAsChosen() async throws {
        let stage = Stage()
        try await withServer(router(stage, MemoryRequestStore(), .runAgain)) { (url, client) async throws in
            #expect(try await post(client, url, "breaks").status == 500)
            #expect(try await post(client, url, "breaks").status == 201)
            #expect(stage.events.contains("breaks begins, attempt 2, token 1"))
        }
        try await withServer(router(Stage(), MemoryRequestStore(), .refuse)) { (url, client) async throws in
            #expect(try await post(client, url, "breaks").status == 500)
            let again = try await post(client, url, "breaks")
            #expect(again.status == 409 && again.text.contains("abandoned"))
        }
    }

    @Test func anErrorThatIsAnAnswerIsKeptLikeOne() async throws {
        let stage = Stage()
        try await withServer(router(stage, MemoryRequestStore())) { (url, client) async throws in
            for replayed in [nil, "true"] {
                let answer = try await post(client, url, "refused")
                #expect(answer.status == 404 && answer.headers["Idempotent-Replayed"] == replayed)
            }
            #expect(stage.events.count == 1)
        }
    }

    @Test func anAnswerThatIsTooLargeIsSaidTheSameWayEachTime() async throws {
        let stage = Stage()
        var limits = FencingLimits()
        limits.responseBytes = 1000
        try await withServer(router(stage, MemoryRequestStore(), .runAgain, limits)) { (url, client) async throws in
            for _ in 0..<2 { #expect(try await post(client, url, "large").status == 500) }
            #expect(stage.events.count == 1, "the effect happened once")
        }
    }

    @Test func aHandlerThatLosesItsLeaseIsToldAndItsAnswerDoesNotCount() async throws {
        let stage = Stage()
        let store = Bent(losesLeases: true)
        var limits = FencingLimits()
        limits.lease = .milliseconds(3)
        try await withServer(router(stage, store, .runAgain, limits)) { (url, client) async throws in
            // It goes on until it notices. Nobody else began meanwhile, so its answer is the one.
            #expect(try await post(client, url, "outlives").status == 201)
            async let old = post(client, url, "gated", key: "l")
            await stage.wait(for: "gated begins, attempt 1, token 1")
            // Ready before the second attempt begins, for that one waits for it.
            async let opened: Void = {
                await stage.wait(for: "gated begins, attempt 2, token 2")
                stage.say("open gated")
            }()
            var again = try await post(client, url, "gated", token: 2, key: "l")
            while again.status == 409 { again = try await post(client, url, "gated", token: 2, key: "l") }
            await opened
            #expect(again.status == 201)
            let first = try await old
            #expect(first.status == 503, "the second attempt's answer is the one")
        }
    }

    @Test func serversThatShareAStoreActAsOne() async throws {
        let stage = Stage()
        try await withTemporaryCluster(nodes: 0, stores: 1) { cluster in
            let redis = RedisClient(try RedisConfiguration(url: cluster.storeURLs[0]))
            let store = RedisRequestStore(on: redis)
            try await withServer(router(stage, store)) { (one, client) async throws in
                try await withServer(router(stage, store)) { (two, _) async throws in
                    async let first = post(client, one, "gated")
                    await stage.wait(for: "gated begins, attempt 1, token 1")
                    let second = try await post(client, two, "gated")
                    #expect(second.status == 409)
                    stage.say("open gated")
                    let answer = try await first
                    let repeated = try await post(client, two, "gated")
                    #expect(answer.status == 201 && repeated.text == answer.text)
                    #expect(repeated.headers["Idempotent-Replayed"] == "true")
                    _ = try await post(client, one, "new", token: 2, key: "l")
                    let stale = try await post(client, two, "late", token: 1, key: "m")
                    #expect(stale.status == 412)
                }
            }
            await redis.close()
        }
    }

    @Test func aServerThatCrashedInAHandlerLeavesARequestThatIsRunAgain() async throws {
        let stage = Stage()
        let store = MemoryRequestStore()
        // What a crash leaves: a request that has begun, and a lease that ends by itself.
        try await withServer(router(stage, CrashedStore(base: store))) { (url, client) async throws in
            var answer = try await post(client, url, "one")
            while answer.status == 409 { answer = try await post(client, url, "one") }
            #expect(answer.status == 201)
            #expect(
                stage.events.first == "one begins, attempt 2, token 1", "the handler knows that it is not the first")
        }
    }
}

/// The first attempt at anything ends right after it began, with a lease of a millisecond.
private struct CrashedStore: RequestStore {
    let base: MemoryRequestStore

    func begin(
        _ claim: RequestClaim, lease: Duration, retention: Duration, abandoned: AbandonedRequests
    ) async throws(ResourceError) -> RequestAdmission {
        var crashed = claim
        crashed.owner = "a server that crashed"
        let first = try await base.begin(crashed, lease: .milliseconds(1), retention: retention, abandoned: .refuse)
        if first == .run(attempt: 1) { return .inFlight(remaining: .milliseconds(1)) }
        return try await base.begin(claim, lease: lease, retention: retention, abandoned: abandoned)
    }

    func renew(_ claim: RequestClaim, lease: Duration) async throws(ResourceError) -> Bool {
        await base.renew(claim, lease: lease)
    }

    func complete(
        _ claim: RequestClaim, with answer: StoredResponse, retention: Duration
    ) async throws(ResourceError) -> Bool { await base.complete(claim, with: answer, retention: retention) }

    func abandon(_ claim: RequestClaim) async throws(ResourceError) { await base.abandon(claim) }

    func raise(_ resource: String, to token: FencingToken) async throws(ResourceError) -> RequestAdmission {
        try await base.raise(resource, to: token)
    }
}
