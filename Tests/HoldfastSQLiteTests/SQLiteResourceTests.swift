import Foundation
import GRDB
import HoldfastConformance
import HoldfastLocks
import HoldfastResources
import TestWorld
import Testing

@testable import HoldfastSQLite

@Suite struct SQLiteResourceTests {
    private let token = FencingToken(rawValue: 1)

    private func code(_ body: () async throws -> Void) async -> StoreError.Code? {
        do {
            try await body()
            return nil
        } catch ResourceError.unavailable(let error) {
            #expect(error.outcome == .notWritten, "\(error)")
            return error.code
        } catch {
            Issue.record("\(error)")
            return nil
        }
    }

    @Test(.timeLimit(.minutes(2)), arguments: ConformanceCase.all)
    func conforms(_ conformance: ConformanceCase) async throws {
        try await withTemporaryDirectory { directory in
            // Each handle has a connection of its own, as handles in different programs have.
            try await conformance.run { name in
                try await SQLiteStore.open("\(directory)/store", patience: .seconds(60)).resource(name)
            }
        }
    }

    @Test func oneStoreServesManyHandles() async throws {
        try await withTemporaryDirectory { directory in
            let store = try await SQLiteStore.open("\(directory)/store")
            for conformance in ConformanceCase.all {
                do { try await conformance.run { name in try store.resource(name) } } catch {
                    Issue.record("\(conformance): \(error)")
                }
            }
            try store.close()
        }
    }

    @Test func everyWriteIsSynced() async throws {
        try await withTemporaryDirectory { directory in
            let store = try await SQLiteStore.open("\(directory)/store")
            let (mode, synchronous) = try await store.queue.read { db in
                (
                    try String.fetchOne(db, sql: "PRAGMA journal_mode"),
                    try Int.fetchOne(db, sql: "PRAGMA synchronous")
                )
            }
            #expect(mode == "wal" && synchronous == 2)
        }
    }

    @Test func keysAreForgottenAfterTheirRetentionAndNotBefore() async throws {
        try await withTemporaryDirectory { directory in
            let clock = SetClock()
            let store = try await SQLiteStore.open("\(directory)/store", runtime: clock)
            let resource = try store.resource("r", retention: .seconds(100))
            for number in 1...200 { try await _ = resource.apply([], token: token, key: IdempotencyKey("\(number)")) }
            clock.advance(seconds: 99)
            let repeated = try await resource.apply([], token: token, key: IdempotencyKey("1"))
            #expect(repeated.isReplay && repeated.sequence == 1)
            clock.advance(seconds: 1)
            let fresh = try await resource.apply([7], token: token, key: IdempotencyKey("1"))
            #expect(!fresh.isReplay && fresh.sequence == 201)
            for number in 1...4 { try await _ = resource.apply([], token: token, key: IdempotencyKey("n\(number)")) }
            let left = try await store.queue.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM once") }
            #expect(left == 5, "what has expired is deleted, a few with every write")
        }
    }

    @Test func anotherProgramsFileIsLeftAlone() async throws {
        try await withTemporaryDirectory { directory in
            let theirs = "\(directory)/theirs"
            let queue = try DatabaseQueue(path: theirs)
            try await queue.write { db in try db.execute(sql: "CREATE TABLE t (a); INSERT INTO t VALUES (1)") }
            try queue.close()
            let before = try Data(contentsOf: URL(filePath: theirs))
            #expect(await code { _ = try await SQLiteStore.open(theirs) } == .foreign)
            #expect(try Data(contentsOf: URL(filePath: theirs)) == before)

            let text = "\(directory)/text"
            try Data(String(repeating: "a letter\n", count: 100).utf8).write(to: URL(filePath: text))
            #expect(await code { _ = try await SQLiteStore.open(text) } == .foreign)
        }
    }

    @Test func aLaterVersionsFileIsLeftAlone() async throws {
        try await withTemporaryDirectory { directory in
            let store = try await SQLiteStore.open("\(directory)/store")
            try await store.queue.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA user_version = 2") }
            try store.close()
            #expect(await code { _ = try await SQLiteStore.open("\(directory)/store") } == .newer)
        }
    }

    @Test func aDamagedFileIsSaid() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/store"
            let store = try await SQLiteStore.open(path)
            _ = try await store.resource("r").apply(
                Array(repeating: 1, count: 50_000), token: token, key: IdempotencyKey("k"))
            try store.close()
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.seek(toOffset: 4096)
            try file.write(contentsOf: Data(repeating: 0xA5, count: 60_000))
            try file.close()
            let found = await code {
                let damaged = try await SQLiteStore.open(path).resource("r")
                _ = try await damaged.apply([2], token: token, key: IdempotencyKey("l"))
            }
            #expect(found == .damaged)
        }
    }

    @Test func aFullDiskLosesNothing() async throws {
        try await withTemporaryDirectory { directory in
            let store = try await SQLiteStore.open("\(directory)/store")
            let resource = try store.resource("r")
            _ = try await resource.apply([1], token: token, key: IdempotencyKey("a"))
            // SQLite's own bound on the file's size answers as a full disk does.
            try await store.queue.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA max_page_count = 10") }
            let large = [UInt8](repeating: 2, count: 1 << 20)
            let found = await code { _ = try await resource.apply(large, token: token, key: IdempotencyKey("b")) }
            #expect(found == .full)
            let value = try await resource.read(token)
            #expect(value == [1])
            let next = try await resource.apply([3], token: token, key: IdempotencyKey("b"))
            #expect(next == WriteReceipt(token: token, sequence: 2, isReplay: false), "the refused write left its key")
        }
    }

    @Test func aLockedFileIsWaitedForAndThenSaid() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/store"
            let resource = try await SQLiteStore.open(path, patience: .milliseconds(10)).resource("r")
            var configuration = Configuration()
            configuration.allowsUnsafeTransactions = true
            let other = try DatabaseQueue(path: path, configuration: configuration)
            try await other.writeWithoutTransaction { db in try db.execute(sql: "BEGIN IMMEDIATE") }
            #expect(await code { _ = try await resource.apply([1], token: token, key: IdempotencyKey("a")) } == .busy)
            try await other.writeWithoutTransaction { db in try db.execute(sql: "COMMIT") }
            _ = try await resource.apply([1], token: token, key: IdempotencyKey("a"))
        }
    }

    @Test func whatSQLiteSaysIsTranslated() {
        #expect(StoreError(DatabaseError(resultCode: .SQLITE_READONLY), path: "p").code == .denied)
        let unsure = StoreError(DatabaseError(resultCode: .SQLITE_IOERR), path: "p")
        #expect(unsure.code == .failed && unsure.outcome == .unknown)
        #expect(StoreError(caught: CancellationError(), path: "p").outcome == .unknown)
    }

    @Test func unusablePathsAreSaid() async throws {
        #expect(await code { _ = try await SQLiteStore.open("/proc/nowhere/store") } == .unreachable)
        for path in ["", "a\0b"] {
            await #expect(throws: ResourceError.self) { try await SQLiteStore.open(path) }
        }
    }
}
