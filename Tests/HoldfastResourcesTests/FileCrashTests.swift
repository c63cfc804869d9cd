import Foundation
import HoldfastLocks
import HoldfastResources
import TestWorld
import Testing

/// The file adapter is stopped, failed or cut off at every single call that it makes, and what is left is judged.
@Suite(.serialized) struct FileCrashTests {
    enum Scenario: CaseIterable, Sendable { case fresh, existing, tidying }
    enum End: CaseIterable, Sendable { case death, powerLoss }

    /// What the program knew when it ended.
    private struct Knowledge {
        var raised: Int64 = 0
        var acknowledged: [Int64] = []
        var attempted: Int64 = 0
        /// A write that was reported as not written.
        var notWritten: Int64?
    }

    private static let first: [UInt8] = Array("first".utf8)

    private func token(_ number: Int64) -> FencingToken { FencingToken(rawValue: number) }

    private func value(_ number: Int64) -> [UInt8] {
        Array(repeating: UInt8(number), count: 3000 + Int(number) * 1000)
    }

    private func prepare(_ scenario: Scenario, _ path: String, _ calls: FaultyCalls) async throws {
        switch scenario {
        case .fresh: break
        case .existing:
            try calls.base.write(path, Self.first, mode: nil)
            try calls.sync(path)
            try calls.sync((path as NSString).deletingLastPathComponent)
        case .tidying:
            // Through the same eyes, so that all of it counts as synced.
            let resource = try FileResource(path, calls: calls)
            for number in 1...260 as ClosedRange<Int64> { _ = try await resource.raise(to: token(number)) }
        }
    }

    /// A program that raises, and writes three times.
    private func run(_ scenario: Scenario, _ path: String, _ calls: FaultyCalls) async throws -> Knowledge {
        var knowledge = Knowledge()
        let base: Int64 = scenario == .tidying ? 300 : 0
        let resource = try FileResource(path, calls: calls)
        do {
            _ = try await resource.raise(to: token(base + 1))
            knowledge.raised = base + 1
            for number in 1...3 as ClosedRange<Int64> {
                knowledge.attempted = number
                let receipt = try await resource.apply(
                    value(number), token: token(base + number), key: IdempotencyKey("\(number)"))
                #expect(receipt.sequence == number && !receipt.isReplay)
                knowledge.acknowledged.append(number)
                knowledge.raised = base + number
            }
        } catch ResourceError.unavailable(let error) {
            if error.outcome == .notWritten, knowledge.attempted > knowledge.acknowledged.count {
                knowledge.notWritten = knowledge.attempted
            }
        }
        return knowledge
    }

    private func passes(_ resource: FileResource, _ token: FencingToken) async throws -> Bool {
        do {
            _ = try await resource.read(token)
            return true
        } catch {
            guard case .stale = error else { throw error }
            return false
        }
    }

    /// What is wrong with what is left, judged by a program that starts now.
    private func findings(_ scenario: Scenario, _ path: String, _ knowledge: Knowledge) async throws -> [String] {
        var findings: [String] = []
        let blank = scenario == .existing ? Self.first : nil
        let values = [blank] + (1...3).map { value($0) }
        let seen = FileManager.default.contents(atPath: path).map { [UInt8]($0) }
        if !values.contains(seen) { findings.append("whoever opens the file sees \(seen?.count ?? -1) bytes") }

        let resource = try FileResource(path)
        let acknowledged = Int64(knowledge.acknowledged.count)
        if knowledge.raised > 1 {
            let passed = try await passes(resource, token(knowledge.raised - 1))
            if passed { findings.append("the fence \(knowledge.raised) is forgotten") }
        }
        let found = try await resource.raise(to: token(1000))
        guard let index = values.lastIndex(of: found).map(Int64.init) else { return findings + ["a torn value"] }
        if !(acknowledged...max(knowledge.attempted, acknowledged)).contains(index) {
            findings.append("\(acknowledged) writes are acknowledged, the value is that of write \(index)")
        }
        if knowledge.notWritten == index { findings.append("write \(index) was said not to be written") }
        for number in knowledge.acknowledged {
            let receipt = try await resource.apply(
                value(number), token: token(1000), key: IdempotencyKey("\(number)"))
            if !receipt.isReplay || receipt.sequence != number { findings.append("write \(number) happened again") }
        }
        let next = try await resource.apply([9], token: token(1000), key: IdempotencyKey("next"))
        if next.sequence != index + 1 { findings.append("after write \(index) comes write \(next.sequence)") }
        let last = try await resource.read(token(1000))
        if last != [9] { findings.append("the next write does not show") }
        return findings
    }

    /// Ends the program at each of its calls in turn.
    private func findingsOfAllCrashes(
        _ scenario: Scenario, _ end: End, flaw: FaultyCalls.Flaw? = nil
    ) async throws -> (findings: [String], crashes: Int) {
        var all: [String] = []
        // The preparation's calls are passed over.
        let start = try await callsOfPreparation(scenario)
        for number in 1... {
            let done = try await withTemporaryDirectory { directory in
                let path = "\(directory)/value"
                let calls = FaultyCalls(.death(at: start + number), flaw: flaw)
                try await prepare(scenario, path, calls)
                let knowledge = try await run(scenario, path, calls)
                guard calls.happened else { return true }
                if end == .powerLoss { try calls.losePower(in: directory) }
                do {
                    let findings = try await findings(scenario, path, knowledge)
                    all += findings.map { "call \(number): \($0)" }
                } catch {
                    all.append("call \(number): \(error)")
                }
                return false
            }
            if done { return (all, number - 1) }
            try #require(number < 200, "the program never ends")
        }
        return (all, 0)
    }

    private func callsOfPreparation(_ scenario: Scenario) async throws -> Int {
        try await withTemporaryDirectory { directory in
            let calls = FaultyCalls()
            try await prepare(scenario, "\(directory)/value", calls)
            return calls.callsMade
        }
    }

    @Test(.timeLimit(.minutes(3)), arguments: Scenario.allCases, End.allCases)
    func noCrashLosesOrTears(_ scenario: Scenario, _ end: End) async throws {
        let (findings, crashes) = try await findingsOfAllCrashes(scenario, end)
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
        #expect(crashes > 30, "only \(crashes) places to crash at were found")
    }

    @Test(arguments: [FaultyCalls.Flaw.contentIsNotSynced, .namesAreNotSynced])
    func withoutSyncingALossOfPowerIsFound(_ flaw: FaultyCalls.Flaw) async throws {
        let (findings, _) = try await findingsOfAllCrashes(.fresh, .powerLoss, flaw: flaw)
        #expect(!findings.isEmpty)
    }

    @Test(.timeLimit(.minutes(3)), arguments: [ENOSPC, EIO, EACCES, EROFS])
    func aCallThatFailsIsSaidAndCanBeRepeated(_ errno: Int32) async throws {
        for number in 1...200 {
            let done = try await withTemporaryDirectory { directory in
                let path = "\(directory)/value"
                let calls = FaultyCalls(.failure(at: number, errno: errno))
                let knowledge = try await run(.fresh, path, calls)
                guard calls.happened else { return true }
                let resource = try FileResource(path, calls: calls)
                // The same request again: it is written once, whatever the first attempt left.
                if knowledge.attempted > knowledge.acknowledged.count {
                    let again = try await resource.apply(
                        value(knowledge.attempted), token: token(knowledge.attempted),
                        key: IdempotencyKey("\(knowledge.attempted)"))
                    #expect(again.sequence == knowledge.attempted, "call \(number)")
                    if knowledge.notWritten != nil { #expect(!again.isReplay, "call \(number)") }
                    var after = knowledge
                    after.notWritten = nil
                    after.acknowledged.append(knowledge.attempted)
                    after.raised = knowledge.attempted
                    let findings = try await findings(.fresh, path, after)
                    #expect(findings.isEmpty, "call \(number): \(findings)")
                } else {
                    let findings = try await findings(.fresh, path, knowledge)
                    #expect(findings.isEmpty, "call \(number): \(findings)")
                }
                return false
            }
            if done { return }
        }
        Issue.record("the program never ends")
    }

    @Test func ifNobodyFinishedAnInterruptedWriteItWouldBeFound() async throws {
        let found = try await withTemporaryDirectory { directory in
            var all: [String] = []
            let path = "\(directory)/value"
            let calls = FaultyCalls(flaw: .nobodyFinishes)
            let resource = try FileResource(path, calls: calls)
            _ = try await resource.apply(value(1), token: token(1), key: IdempotencyKey("1"))
            let seen = try await resource.read(token(1))
            if seen != value(1) { all.append("the write does not show") }
            return all
        }
        #expect(!found.isEmpty)
    }
}
