import Foundation
import HoldfastConformance
import HoldfastLocks
import TestWorld
import Testing

@testable import HoldfastResources

@Suite struct FileResourceTests {
    private let token = FencingToken(rawValue: 1)

    @Test(.timeLimit(.minutes(2)), arguments: ConformanceCase.all)
    func conforms(_ conformance: ConformanceCase) async throws {
        try await withTemporaryDirectory { directory in
            let store = FileResourceDirectory(directory)
            try await conformance.run { name in try store.resource(name) }
        }
    }

    @Test func withoutTheLockTheSuiteFindsTheViolation() async throws {
        var findings = 0
        for conformance in ConformanceCase.all where conformance.description.contains("crowd") {
            try await withTemporaryDirectory { directory in
                let calls = FaultyCalls(flaw: .nobodyLocks)
                do {
                    try await conformance.run { name in try FileResource("\(directory)/value", name: name, calls: calls)
                    }
                } catch { findings += 1 }
            }
        }
        #expect(findings > 0)
    }

    @Test func theFileIsTheValueAndKeepsItsMode() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/config.json"
            try Data("{}".utf8).write(to: URL(filePath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
            let resource = try FileResource(path)
            let found = try await resource.raise(to: token)
            #expect(found == Array("{}".utf8), "what was there is what the first holder reads")
            _ = try await resource.apply(Array("{1}".utf8), token: token, key: IdempotencyKey("k"))
            #expect(FileManager.default.contents(atPath: path) == Data("{1}".utf8))
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o640)
            let beside = try FileManager.default.contentsOfDirectory(atPath: "\(directory)/.config.json.holdfast")
            #expect(Set(beside) == ["lock", "log"])
        }
    }

    @Test func keysAreForgottenAfterTheirRetentionAndTheLogIsTidied() async throws {
        try await withTemporaryDirectory { directory in
            let clock = SetClock()
            let path = "\(directory)/value"
            let resource = try FileResource(path, retention: .seconds(100), keyLimit: 300, runtime: clock)
            for number in 1...300 { _ = try await resource.apply([], token: token, key: IdempotencyKey("\(number)")) }
            let error = await #expect(throws: ResourceError.self) {
                try await resource.apply([], token: token, key: IdempotencyKey("one more"))
            }
            guard case .unavailable(let full) = error else { throw try #require(error) }
            #expect(full.code == .full && full.outcome == .notWritten)
            clock.advance(seconds: 99)
            let repeated = try await resource.apply([], token: token, key: IdempotencyKey("1"))
            #expect(repeated.isReplay)
            clock.advance(seconds: 1)
            let fresh = try await resource.apply([7], token: token, key: IdempotencyKey("1"))
            #expect(!fresh.isReplay && fresh.sequence == 301)
            let log = try Data(contentsOf: URL(filePath: "\(directory)/.value.holdfast/log"))
            #expect(log.split(separator: 10).count == 3, "a first line, the state, one record")
            let other = try await FileResource(path, runtime: clock).apply([7], token: token, key: IdempotencyKey("1"))
            #expect(other.sequence == 301 && other.isReplay)
        }
    }

    @Test func whatIsBesideTheFileIsNotTrustedBlindly() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/value"
            let log = URL(filePath: "\(directory)/.value.holdfast/log")
            for number in 1...3 {
                let resource = try FileResource(path)
                _ = try await resource.apply([UInt8(number)], token: token, key: IdempotencyKey("\(number)"))
            }
            let good = try Data(contentsOf: log)
            // A line torn by a crash: what was acknowledged before it stands, and what comes after it fits.
            try (good + Data("0123456789abcdef W 4 1 2".utf8)).write(to: log)
            let receipt = try await FileResource(path).apply([4], token: token, key: IdempotencyKey("4"))
            #expect(receipt.sequence == 4)
            #expect(try Data(contentsOf: log).starts(with: good))
            // A bit that changed in the middle.
            var bad = good
            bad[good.count / 2] ^= 1
            try bad.write(to: log)
            #expect(await code { try await FileResource(path).read(token) } == .damaged)
            try Data("something else\n".utf8).write(to: log)
            #expect(await code { try await FileResource(path).read(token) } == .damaged)
            try Data(FenceLog.line("holdfast-fence 2")).write(to: log)
            #expect(await code { try await FileResource(path).read(token) } == .newer)
        }
    }

    private func code(_ body: () async throws -> [UInt8]?) async -> StoreError.Code? {
        do {
            _ = try await body()
        } catch ResourceError.unavailable(let error) {
            return error.code
        } catch {
            Issue.record("\(error)")
        }
        return nil
    }

    @Test func whatIsNotAPlainFileIsRefused() async throws {
        try await withTemporaryDirectory { directory in
            let manager = FileManager.default
            try manager.createDirectory(atPath: "\(directory)/directory", withIntermediateDirectories: false)
            try manager.createSymbolicLink(atPath: "\(directory)/link", withDestinationPath: "elsewhere")
            for name in ["directory", "link"] {
                let error = await #expect(throws: ResourceError.self) {
                    try await FileResource("\(directory)/\(name)").raise(to: token)
                }
                guard case .invalid = error else { throw try #require(error) }
            }
        }
        for path in ["", "/", "a/", "a\0b", "..", "a/..", String(repeating: "n", count: 246)] {
            #expect(throws: ResourceError.self) { try FileResource(path) }
        }
        #expect(await code { try await FileResource("/proc/nowhere/value").read(token) } == .unreachable)
    }

    @Test func aLockedFileIsWaitedForAndThenSaid() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/value"
            let resource = try FileResource(path, patience: .milliseconds(1))
            _ = try await resource.raise(to: token)
            let calls = SystemCalls()
            let descriptor = try #require(try calls.lock("\(directory)/.value.holdfast/lock"))
            #expect(await code { try await resource.read(token) } == .busy)
            calls.unlock(descriptor)
            _ = try await resource.read(token)
        }
    }

    @Test func aCancelledTaskLeavesTheLine() async throws {
        let line = TaskLine()
        #expect(await line.enter())
        let (entered, gate) = AsyncStream<Void>.makeStream()
        let waiter = Task {
            gate.finish()
            return await line.enter()
        }
        for await _ in entered {}
        waiter.cancel()
        #expect(await !waiter.value)
        line.leave()
        #expect(await line.enter())
    }

    @Test func fileNamesAreDistinctAndHarmless() {
        #expect(FileResourceDirectory.fileName("report-1_a.txt") == "report-1_a.txt")
        #expect(FileResourceDirectory.fileName("../a b") == "%2E.%2Fa%20b")
        let long = FileResourceDirectory.fileName(String(repeating: "/", count: 512))
        #expect(long.utf8.count == 130 + 1 + 64)
    }
}
