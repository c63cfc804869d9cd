import HoldfastCluster
import HoldfastLocks
import HoldfastRedis
import Testing

@testable import HoldfastResources

/// The ledger's scripts against a real store.
@Suite(.serialized) struct LedgerTests {
    private func withLedger(unfenced: Bool = false, _ body: (Ledger) async throws -> Void) async throws {
        try await withTemporaryCluster(nodes: 0, stores: 1) { cluster in
            let client = RedisClient(try RedisConfiguration(url: cluster.storeURLs[0]))
            let ledger = Ledger("test", on: client, unfenced: unfenced)
            _ = try await ledger.create(["a": 100, "b": 50])
            do {
                try await body(ledger)
            } catch {
                await client.close()
                throw error
            }
            await client.close()
        }
    }

    private func account(_ name: String, _ token: Int64) -> FencedAccount {
        FencedAccount(name, FencingToken(rawValue: token))
    }

    private func open(
        _ ledger: Ledger, _ token: Int64, key: String, amount: Int64 = 30
    ) async throws -> Ledger.Opening {
        try await ledger.open(
            from: account("a", token), to: account("b", token), amount: amount, for: IdempotencyKey(key),
            who: "w\(token)")
    }

    private func commit(
        _ ledger: Ledger, _ token: Int64, key: String, amount: Int64, balances: (Int64, Int64)
    ) async throws -> TransferReceipt {
        try await ledger.commit(
            amount: amount, from: (account("a", token), balances.0), to: (account("b", token), balances.1),
            key: IdempotencyKey(key), who: "w\(token)")
    }

    private func keys(_ ledger: Ledger) async throws -> [String] { try await ledger.journal().map(\.key) }

    @Test func aTransferIsWrittenOnceHoweverOftenItIsAskedFor() async throws {
        try await withLedger { ledger in
            let found = try await open(ledger, 1, key: "k")
            #expect(found == .balances(from: 100, to: 50))
            let first = try await commit(ledger, 1, key: "k", amount: 30, balances: (70, 80))
            let second = try await commit(ledger, 1, key: "k", amount: 30, balances: (70, 80))
            #expect(!first.isReplay && second.isReplay && first.journalID == second.journalID)
            let opening = try await open(ledger, 2, key: "k")
            #expect(opening == .done(second), "a later attempt learns that there is nothing to do")
            #expect(try await keys(ledger) == ["k"])
            #expect(try await ledger.balances() == ["a": 70, "b": 80])
        }
    }

    @Test func aKeyThatIsReusedForAnotherTransferIsRefused() async throws {
        try await withLedger { ledger in
            _ = try await commit(ledger, 1, key: "k", amount: 30, balances: (70, 80))
            await #expect(throws: ResourceError.keyReused(key: "k")) {
                try await commit(ledger, 1, key: "k", amount: 31, balances: (69, 81))
            }
            // Otherwise the holder would take the first transfer's receipt for its own.
            await #expect(throws: ResourceError.keyReused(key: "k")) {
                try await open(ledger, 2, key: "k", amount: 31)
            }
        }
    }

    @Test func aCommitThatFailsHasWrittenNothing() async throws {
        try await withTemporaryCluster(nodes: 0, stores: 1) { cluster in
            let client = RedisClient(try RedisConfiguration(url: cluster.storeURLs[0]))
            let ledger = Ledger("odd", on: client)
            _ = try await ledger.create(["a": 100, "b": 50])
            try await client.send(RedisCommand("SET", "holdfast:ledger:odd:journal", "a string"))
            await #expect(throws: ResourceError.self) {
                try await commit(ledger, 1, key: "k", amount: 30, balances: (70, 80))
            }
            #expect(try await ledger.balances() == ["a": 100, "b": 50], "moved without a journal entry")
            try await client.send(RedisCommand("DEL", "holdfast:ledger:odd:journal"))
            await #expect(throws: ResourceError.refused("there is no account c")) {
                try await ledger.commit(
                    amount: 1, from: (account("a", 1), 99), to: (account("c", 1), 1), key: IdempotencyKey("l"), who: "w"
                )
            }
            #expect(try await ledger.balances() == ["a": 100, "b": 50])
            await client.close()
        }
    }

    @Test func moreCreditsThanTheScriptsCanCountAreRefused() async throws {
        try await withTemporaryCluster(nodes: 0, stores: 1) { cluster in
            let client = RedisClient(try RedisConfiguration(url: cluster.storeURLs[0]))
            let ledger = Ledger("rich", on: client)
            for credits in [["a": 1 << 53], ["a": 1 << 52, "b": 1 << 52], ["a": .max, "b": .max]] as [[String: Int64]] {
                await #expect(throws: ResourceError.self) { try await ledger.create(credits) }
            }
            #expect(try await ledger.create(["a": 1 << 53 - 2, "b": 1]))
            let key = try IdempotencyKey("k")
            let found = try await ledger.open(from: account("a", 1), to: account("b", 1), amount: 1, for: key, who: "w")
            #expect(found == .balances(from: 1 << 53 - 2, to: 1))
            await client.close()
        }
    }

    /// The older holder reads, is paused, and writes after the newer one: the lost update that fences are for.
    private func staleWrite(_ ledger: Ledger) async throws {
        _ = try await open(ledger, 1, key: "old")
        _ = try await open(ledger, 2, key: "new")
        _ = try await commit(ledger, 2, key: "new", amount: 10, balances: (90, 60))
        _ = try await commit(ledger, 1, key: "old", amount: 20, balances: (80, 70))
    }

    @Test func aStaleHolderIsRefusedAndTheAttemptIsOnRecord() async throws {
        try await withLedger { ledger in
            let error = await #expect(throws: ResourceError.self) { try await staleWrite(ledger) }
            #expect(
                error
                    == .stale(
                        resource: "a", token: FencingToken(rawValue: 1), fence: FencingToken(rawValue: 2)))
            let (keys, refusals) = (try await keys(ledger), try await ledger.refusals())
            #expect(keys == ["new"] && refusals.map(\.token) == [FencingToken(rawValue: 1)])
        }
    }

    @Test func withoutFencesTheSameWriteLosesAnUpdate() async throws {
        try await withLedger(unfenced: true) { ledger in
            try await staleWrite(ledger)
            let journal = try await ledger.journal()
            #expect(journal.map(\.key) == ["new", "old"] && journal[1].fromToken < journal[0].fromToken)
            let moved = journal.reduce(0) { $0 + $1.transfer.amount }
            #expect(try await ledger.balances()["a"] != 100 - moved, "the new holder's transfer is undone")
        }
    }

    @Test func raisingTheFenceStopsAWriteThatWasOnItsWay() async throws {
        try await withLedger { ledger in
            _ = try await open(ledger, 1, key: "old")
            _ = try await open(ledger, 2, key: "new")
            await #expect(throws: ResourceError.self) {
                try await commit(ledger, 1, key: "old", amount: 20, balances: (80, 70))
            }
        }
    }

    @Test func unknownAccountsAndBadArgumentsAreSaid() async throws {
        try await withLedger { ledger in
            await #expect(throws: ResourceError.self) {
                try await ledger.open(
                    from: account("nobody", 1), to: account("a", 1), amount: 1, for: IdempotencyKey("k"), who: "w")
            }
            #expect(throws: ResourceError.self) { try Transfer(from: "a", to: "a", amount: 1).validate() }
            #expect(throws: ResourceError.self) { try Transfer(from: "a", to: "b", amount: 0).validate() }
            #expect(throws: ResourceError.self) { try IdempotencyKey("") }
            let created = try await ledger.create(["c": 1])
            #expect(!created, "an existing ledger is left alone")
        }
    }
}
