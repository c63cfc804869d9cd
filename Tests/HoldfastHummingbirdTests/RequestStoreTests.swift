import HoldfastCluster
import HoldfastHummingbird
import HoldfastLocks
import HoldfastRedis
import HoldfastResources
import HoldfastRuntime
import Testing

/// Both stores take the same steps.
@Suite(.serialized) struct RequestStoreTests {
    enum Kind: CaseIterable, Sendable { case memory, redis }

    private static let answer = StoredResponse(
        status: 201, fields: [.init(name: "Location", value: "/a"), .init(name: "X", value: "\u{e9}")],
        body: [0, 1, 255, 10])
    private let long = Duration.seconds(3600)

    private func withStore(_ kind: Kind, _ body: (any RequestStore) async throws -> Void) async throws {
        if kind == .memory { return try await body(MemoryRequestStore()) }
        try await withTemporaryCluster(nodes: 0, stores: 1) { cluster in
            let client = RedisClient(try RedisConfiguration(url: cluster.storeURLs[0]))
            do { try await body(RedisRequestStore(on: client)) } catch {
                await client.close()
                throw error
            }
            await client.close()
        }
    }

    private func claim(
        _ resource: String = "r", _ token: Int64 = 5, _ key: String = "k", scope: String = "", print: String = "f",
        owner: String = "o1"
    ) -> RequestClaim {
        guard let key = try? IdempotencyKey(key) else { preconditionFailure("the tests' keys are short") }
        return RequestClaim(
            resource: resource, token: FencingToken(rawValue: token), scope: scope, key: key, fingerprint: print,
            owner: owner)
    }

    private func begin(
        _ store: any RequestStore, _ claim: RequestClaim, lease: Duration? = nil,
        abandoned: AbandonedRequests = .runAgain
    ) async throws -> RequestAdmission {
        try await store.begin(claim, lease: lease ?? long, retention: long, abandoned: abandoned)
    }

    // Untyped: `#expect` cannot hold a call that throws a certain type.
    private func complete(_ store: any RequestStore, _ claim: RequestClaim) async throws -> Bool {
        try await store.complete(claim, with: Self.answer, retention: long)
    }

    private func renew(_ store: any RequestStore, _ claim: RequestClaim) async throws -> Bool {
        try await store.renew(claim, lease: long)
    }

    private func raise(_ store: any RequestStore, _ resource: String, _ token: Int64) async throws -> RequestAdmission {
        try await store.raise(resource, to: FencingToken(rawValue: token))
    }

    private func isInFlight(_ admission: RequestAdmission) -> Bool {
        if case .inFlight(let left) = admission { left >= .zero && left <= long } else { false }
    }

    private func isOccupied(_ admission: RequestAdmission) -> Bool {
        if case .occupied(let left) = admission { left >= .zero && left <= long } else { false }
    }

    @Test(arguments: Kind.allCases) func aRequestRunsOnceAndIsAnsweredAgain(_ kind: Kind) async throws {
        try await withStore(kind) { (store) async throws in
            #expect(try await begin(store, claim()) == .run(attempt: 1))
            #expect(try await begin(store, claim()) == .run(attempt: 1), "the same claim asked again")
            #expect(try await isInFlight(begin(store, claim(owner: "o2"))))
            #expect(try await complete(store, claim()))
            #expect(try await begin(store, claim(owner: "o2")) == .replay(Self.answer))
            #expect(try await begin(store, claim("r", 1, owner: "o3")) == .replay(Self.answer), "whatever its token")
            #expect(try await begin(store, claim(print: "g")) == .keyReused)
            #expect(try await begin(store, claim("other")) == .keyReused)
            #expect(try await begin(store, claim(scope: "another's", owner: "o4")) == .run(attempt: 1))
        }
    }

    @Test(arguments: Kind.allCases) func oneAtATimeAndNoStaleOne(_ kind: Kind) async throws {
        try await withStore(kind) { (store) async throws in
            #expect(try await begin(store, claim()) == .run(attempt: 1))
            #expect(try await isOccupied(begin(store, claim("r", 7, "l", owner: "o2"))))
            // The later token counts from then on, though its request waits.
            let stale = RequestAdmission.stale(fence: FencingToken(rawValue: 7))
            #expect(try await begin(store, claim("r", 6, "m", owner: "o3")) == stale)
            #expect(try await raise(store, "r", 6) == stale)
            #expect(try await isOccupied(raise(store, "r", 7)))
            #expect(try await begin(store, claim("elsewhere", 1, "n", owner: "o4")) == .run(attempt: 1))
            #expect(try await complete(store, claim()))
            #expect(try await raise(store, "r", 8) == .run(attempt: 1))
            let fenced = RequestAdmission.stale(fence: FencingToken(rawValue: 8))
            #expect(try await begin(store, claim("r", 7, "l", owner: "o2")) == fenced, "a raise counts too")
            #expect(try await begin(store, claim("r", 8, "l", owner: "o2")) == .run(attempt: 1))
        }
    }

    @Test(arguments: Kind.allCases) func whatWasAbandonedRunsAgainOrNever(_ kind: Kind) async throws {
        try await withStore(kind) { (store) async throws in
            #expect(try await begin(store, claim()) == .run(attempt: 1))
            try await store.abandon(claim(owner: "another"))
            #expect(try await isInFlight(begin(store, claim(owner: "o2"))), "another's abandoning frees nothing")
            try await store.abandon(claim())
            #expect(try await begin(store, claim(owner: "o2"), abandoned: .refuse) == .abandoned)
            #expect(try await begin(store, claim(owner: "o2")) == .run(attempt: 2))
            // The first attempt comes back from its pause: its answer is not the one that counts.
            #expect(try await renew(store, claim()) == false)
            #expect(try await complete(store, claim()) == false)
            #expect(try await isInFlight(begin(store, claim(owner: "o3"))))
            #expect(try await renew(store, claim(owner: "o2")))
            #expect(try await complete(store, claim(owner: "o2")))
        }
    }

    @Test(arguments: Kind.allCases) func aLeaseEndsByItself(_ kind: Kind) async throws {
        try await withStore(kind) { (store) async throws in
            #expect(try await begin(store, claim(), lease: .milliseconds(1)) == .run(attempt: 1))
            var next = try await begin(store, claim(owner: "o2"))
            while isInFlight(next) {
                await Task.yield()
                next = try await begin(store, claim(owner: "o2"))
            }
            #expect(next == .run(attempt: 2))
        }
    }

    @Test func memoryIsBounded() async throws {
        let store = MemoryRequestStore(limit: 2)
        for number in 1...2 {
            let it = claim("r\(number)", 1, "\(number)")
            #expect(try await begin(store, it) == .run(attempt: 1))
        }
        await store.abandon(claim("r1", 1, "1"))
        await #expect(throws: ResourceError.self) { try await begin(store, claim("r1", 1, "3", owner: "o3")) }
        await #expect(throws: ResourceError.self) { try await store.raise("r3", to: FencingToken(rawValue: 1)) }
    }
}
