import ArgumentParser
import Foundation
@testable import HoldfastCommands
import HoldfastCluster
import HoldfastRedis
import TestWorld
import Testing

@Suite("What commands write")
struct TerminalTests {
    @Test func tablesAlign() {
        var table = Table(["NAME", "PID"], right: [1])
        table.add(["node-1", "7"])
        table.add(["n", Table.Cell("12345", .red)])
        #expect(table.lines(.off) == ["NAME      PID", "node-1      7", "n       12345"])
        #expect(table.lines(Palette(isOn: true))[2] == "n       \u{1B}[31m12345\u{1B}[0m")
    }

    @Test func coloursAreForTerminalsThatWantThem() throws {
        #expect(Palette(isTerminal: true) { _ in nil }.isOn)
        #expect(Palette(isTerminal: true) { ["NO_COLOR": ""][$0] }.isOn)
        #expect(!Palette(isTerminal: true) { ["NO_COLOR": "1"][$0] }.isOn)
        #expect(!Palette(isTerminal: true) { ["TERM": "dumb"][$0] }.isOn)
        #expect(!Palette(isTerminal: false) { _ in nil }.isOn)
        #expect(!Palette(for: try TemporaryFile().output).isOn)
    }

    @Test func liveLinesReplaceEachOther() throws {
        let file = try TemporaryFile()
        let view = LiveView(file.output, isLive: true)
        try view.show(["a", "b"])
        try view.show(["c"])
        try view.note("stays")
        try view.show(["d"])
        try view.clear()
        let (up, upTwo) = ("\u{1B}[1A\u{1B}[J", "\u{1B}[2A\u{1B}[J")
        #expect(try file.text() == "a\nb\n\(upTwo)c\n\(up)stays\nd\n\(up)")
    }

    @Test func elsewhereLinesArePlain() throws {
        let file = try TemporaryFile()
        let view = LiveView(file.output)
        try view.show(["a", "b"])
        try view.show(["c"], plain: "at 1 s")
        try view.note("stays")
        try view.clear()
        #expect(try file.text() == "at 1 s\nstays\n")
    }

    @Test func aClosedReaderIsAnError() {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { close(ends[1]) }
        close(ends[0])
        // Ignored as in the command line itself; the write then fails.
        signal(SIGPIPE, SIG_IGN)
        #expect(throws: ClosedOutput.self) { try Output(descriptor: ends[1]).line("nobody hears this") }
    }

    @Test func errorsBecomeOneSentenceAndAStatus() {
        #expect(Ending.of(CommandFailure("no")) == Ending(code: .failed, complaint: "holdfast: no"))
        #expect(Ending.of(CancellationError()).code == .interrupted)
        #expect(Ending.of(ClosedOutput()) == Ending(code: .ok))
        #expect(Ending.of(ClusterError.noCluster(path: "/x")).code == .unavailable)
        #expect(Ending.of(ValidationError("wrong")).code == .usage)
        #expect(Ending.of(ArgumentParser.ExitCode(7)).code.rawValue == 7)
        #expect(Ending.of(RedisError(.unreachable, .notSent, "no route")).code == .unavailable)
    }
}

/// A file to write to and read back.
final class TemporaryFile {
    private let directory: TemporaryDirectory
    let output: Output

    init() throws {
        directory = try TemporaryDirectory()
        output = Output(descriptor: open(directory.path + "/file", O_WRONLY | O_CREAT, 0o600))
    }

    deinit {
        close(output.descriptor)
        directory.remove()
    }

    func text() throws -> String { try String(contentsOfFile: directory.path + "/file", encoding: .utf8) }
}
