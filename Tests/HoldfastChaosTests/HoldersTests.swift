import HoldfastHistory
import HoldfastRuntime
import TestWorld
import Testing

@testable import HoldfastChaos

@Suite struct HoldersTests {
    @Test func whereNothingWasEverGrantedNothingHasRecovered() async throws {
        try await withTemporaryDirectory { directory in
            let history = try HistoryWriter(path: "\(directory)/w.jsonl", client: "w", number: 1)
            let holders = Holders(directory: directory)
            let start = LiveRuntime().now
            #expect(try !holders.areAllGranted(since: start))
            history.end(history.begin(HistoryFunction.acquire, ["l", .null]), .fail, error: "no majority")
            #expect(try !holders.areAllGranted(since: start))
            history.end(history.begin(HistoryFunction.acquire, ["l", .null]), .ok, ["l", 1])
            #expect(try holders.areAllGranted(since: start))
            #expect(try !holders.areAllGranted(since: LiveRuntime().now))
        }
    }
}
