import Foundation
import HoldfastProcess
import HoldfastRuntime
import Testing

@testable import HoldfastChaos
@testable import HoldfastJobs

@Suite struct FleetTests {
    /// The first is deaf to what it is asked, the others are not.
    @Test(.timeLimit(.minutes(1))) func whoDoesNotEndWhenAskedIsToldAndKilled() async throws {
        let runtime = LiveRuntime()
        let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let fleet = Fleet(size: 3, runtime: runtime) { _, _, place in
            let trap = place == 0 ? "trap '' TERM; " : ""
            var command = Command("sh", ["-c", trap + ": > \(directory)/\(place); while :; do sleep 1; done"])
            command.output = .null
            command.grouping = .ownGroup
            return command
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await fleet.run() }
            while fleet.members.count < 3 { await Task.yield() }
            // Until each shell has set its trap, or has none.
            while try FileManager.default.contentsOfDirectory(atPath: directory).count < 3 { await Task.yield() }
            #expect(await fleet.stop(grace: .seconds(3)) == ["w1.1"])
            try await group.waitForAll()
        }
        #expect(fleet.members.isEmpty && fleet.started == 3)
    }
}

@Suite struct QueueEndTests {
    private func counts(queued: Int = 0, started: Int = 0, finished: Int = 0, failed: Int = 0) -> QueueCounts {
        QueueCounts(
            queued: queued, started: started, finished: finished, failed: failed, deferred: 0, scheduled: 0,
            canceled: 0)
    }

    private func at(_ seconds: Int64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

    @Test func workIsDoneWhenAllHaveEnded() {
        let end = QueueEnd()
        #expect(!end.isReached(counts(queued: 1, finished: 2), asked: 3, now: at(1)))
        #expect(!end.isReached(counts(started: 1, finished: 2), asked: 3, now: at(9)), "however long it runs")
        #expect(end.isReached(counts(finished: 2, failed: 1), asked: 3, now: at(10)))
    }

    @Test func aQueueThatIsEmptyForAMomentIsNotDone() {
        let end = QueueEnd()
        #expect(!end.isReached(counts(finished: 2), asked: 3, now: at(1)))
        #expect(!end.isReached(counts(queued: 1, finished: 2), asked: 3, now: at(3)))
        #expect(!end.isReached(counts(finished: 2), asked: 3, now: at(5)), "counted anew")
        #expect(end.isReached(counts(finished: 2), asked: 3, now: at(8)), "the third is lost")
    }
}
