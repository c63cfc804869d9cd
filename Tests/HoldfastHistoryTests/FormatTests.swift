import Foundation
import HoldfastHistory
import HoldfastRuntime
import Testing

@Suite struct FormatTests {
    private func withDirectory(_ body: (String) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(LiveRuntime().randomHex(bytes: 8))
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try body(directory.path)
    }

    @Test func aLineHasTheFieldsThatOtherToolsRead() throws {
        let event = HistoryEvent(
            index: 3, time: 17, process: .client(2), type: .ok, f: "write", value: ["x", 5], token: 9)
        let line = String(decoding: try HistoryLine.encode(event), as: UTF8.self)
        #expect(
            line == #"{"f":"write","index":3,"process":2,"time":17,"token":9,"type":"ok","value":["x",5]}"# + "\n")
        let fault = HistoryEvent(index: 4, time: 18, process: .nemesis, type: .info, f: "fault", value: .null)
        let faultLine = String(decoding: try HistoryLine.encode(fault), as: UTF8.self)
        #expect(
            faultLine == #"{"f":"fault","index":4,"process":"nemesis","time":18,"type":"info","value":null}"# + "\n")
    }

    @Test func whatWasWrittenIsReadOnceAndUnfinishedLinesWait() throws {
        try withDirectory { directory in
            let writer = try HistoryWriter(path: "\(directory)/a.jsonl", client: "a", number: 1)
            let operation = writer.begin("run", ["j", 1])
            var reader = HistoryReader(directory: directory)
            #expect(try reader.next().map(\.type) == [.invoke])
            #expect(try reader.next().isEmpty)
            writer.end(operation, .ok)
            let handle = try #require(FileHandle(forWritingAtPath: "\(directory)/a.jsonl"))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data("{\"time\"".utf8))
            #expect(try reader.next().map(\.type) == [.ok])
        }
    }

    @Test func operationsAtOnceHaveProcessesOfTheirOwnAndDoubtfulOnesAreNotUsedAgain() throws {
        try withDirectory { directory in
            let writer = try HistoryWriter(path: "\(directory)/a.jsonl", client: "a", number: 2)
            let first = writer.begin("a")
            let second = writer.begin("b")
            writer.end(second, .info, error: "no answer")
            writer.end(first, .ok)
            writer.end(writer.begin("c"), .ok)
            let history = try History(file: "\(directory)/a.jsonl")
            #expect(
                history.operations.map(\.process) == [.client(2_000_000), .client(2_000_001), .client(2_000_000)])
            #expect(history.operations.map(\.completed.isNil) == [false, true, false])
        }
    }

    @Test func anOperationThatIsToldAtItsEndBeganWhenItBegan() throws {
        try withDirectory { directory in
            let writer = try HistoryWriter(path: "\(directory)/a.jsonl", client: "a", number: 0)
            let runtime = LiveRuntime()
            let began = runtime.now
            let other = writer.begin("other")
            writer.end(other, .ok)
            // The number of `other` was in use at that time.
            writer.record("acquire", ["l", .null], began: began, .ok, ["l", 4], until: began)
            let history = try History(file: "\(directory)/a.jsonl")
            #expect(history.operations.map(\.f) == ["acquire", "other"] && history.operations[0].until == 0)
        }
    }

    @Test func aMergedHistoryIsReadAsItWasWritten() throws {
        try withDirectory { directory in
            let history = try Script.history { script in
                script.acquire("l", 1, 5, 6, until: 50)
                script.nemesis("fault", [1, "kill", "w", "SIGKILL"], at: 7)
                script.operation("write", ["r", 3], 8, nil, token: 1)
            }
            try history.write(to: "\(directory)/history.jsonl")
            #expect(try History(file: "\(directory)/history.jsonl") == history)
            #expect(history.events.map(\.index) == Array(0..<history.events.count))
        }
    }

    @Test(arguments: ["rubbish", #"{"index":0,"time":1,"process":"who","type":"ok","f":"a","value":null}"#])
    func aLineThatIsNoEventIsAnError(line: String) throws {
        try withDirectory { directory in
            try Data((line + "\n").utf8).write(to: URL(fileURLWithPath: "\(directory)/a.jsonl"))
            var reader = HistoryReader(directory: directory)
            #expect(throws: HistoryError.self) { try reader.next() }
        }
    }

    @Test func aClientThatDoesTwoThingsAtOnceIsNotBelieved() {
        func event(_ time: Int64, _ type: HistoryEvent.Kind, _ f: String) -> HistoryEvent {
            HistoryEvent(time: time, process: .client(1), type: type, f: f)
        }
        #expect(throws: HistoryError.self) { try History([event(1, .invoke, "a"), event(2, .invoke, "b")]) }
        #expect(throws: HistoryError.self) { try History([event(1, .ok, "a")]) }
        #expect(throws: HistoryError.self) { try History([event(1, .invoke, "a"), event(2, .ok, "b")]) }
        #expect(throws: HistoryError.self) {
            try History([event(1, .invoke, "a"), event(2, .info, "a"), event(3, .invoke, "b")])
        }
    }

    @Test func aFileThatCannotBeOpenedIsAnError() {
        #expect(throws: HistoryError.self) { try HistoryWriter(path: "/proc/none/a.jsonl", client: "a", number: 0) }
    }
}

extension Optional {
    fileprivate var isNil: Bool { self == nil }
}
