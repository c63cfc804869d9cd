import Foundation
import HoldfastHistory
import HoldfastRuntime
import Testing

@Suite struct TokenCheckTests {
    private func acquired(_ token: Int64, _ owner: String, asked: Int64, returned: Int64) -> HistoryEvent {
        HistoryEvent(
            time: WallTime(microseconds: returned), who: "w",
            kind: .acquired(lock: "l", token: token, owner: owner, asked: WallTime(microseconds: asked)))
    }

    @Test func concurrentAcquisitionsMayFinishInAnyOrder() {
        let check = TokenCheck([
            acquired(2, "a", asked: 0, returned: 10), acquired(1, "b", asked: 1, returned: 20),
            acquired(3, "c", asked: 21, returned: 30),
        ])
        #expect(check.issued == 3 && check.isClean)
    }

    @Test func aTokenIssuedTwiceIsFound() {
        let check = TokenCheck([
            acquired(4, "a", asked: 0, returned: 10), acquired(4, "b", asked: 1, returned: 20),
        ])
        #expect(check.duplicates == ["l: 4"] && !check.isClean)
    }

    @Test func aTokenThatDoesNotGrowIsFound() {
        let check = TokenCheck([
            acquired(4, "a", asked: 0, returned: 10), acquired(3, "b", asked: 11, returned: 20),
        ])
        #expect(check.outOfOrder == ["l: 3 after 4"] && !check.isClean)
    }
}

@Suite struct HistoryFileTests {
    private func withDirectory(_ body: (String) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(LiveRuntime().randomHex(bytes: 8))
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try body(directory.path)
    }

    @Test func whatWasWrittenIsReadOnceAndUnfinishedLinesWait() throws {
        try withDirectory { directory in
            let writer = try HistoryWriter(path: "\(directory)/a.jsonl", who: "a")
            writer.record(.jobStarted(job: "j", execution: 1))
            var reader = HistoryReader(directory: directory)
            #expect(try reader.next().map(\.kind) == [.jobStarted(job: "j", execution: 1)])
            #expect(try reader.next().isEmpty)
            let handle = try #require(FileHandle(forWritingAtPath: "\(directory)/a.jsonl"))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data("{\"time\"".utf8))
            #expect(try reader.next().isEmpty)
        }
    }

    @Test func aLineThatIsNoEventIsAnError() throws {
        try withDirectory { directory in
            try Data("rubbish\n".utf8).write(to: URL(fileURLWithPath: "\(directory)/a.jsonl"))
            var reader = HistoryReader(directory: directory)
            #expect(throws: HistoryError.self) { try reader.next() }
        }
    }

    @Test func aFileThatCannotBeOpenedIsAnError() {
        #expect(throws: HistoryError.self) { try HistoryWriter(path: "/proc/none/a.jsonl", who: "a") }
    }
}
