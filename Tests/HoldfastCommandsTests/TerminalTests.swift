import ArgumentParser
import Foundation
@testable import HoldfastCommands
import HoldfastCluster
import HoldfastRedis
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

    @Test func coloursAreForTerminalsOnly() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        #expect(!Palette(for: Output(descriptor: ends[1])) { _ in nil }.isOn)
        let terminal = try #require(PseudoTerminal())
        #expect(Palette(for: terminal.output) { _ in nil }.isOn)
        #expect(Palette(for: terminal.output) { ["NO_COLOR": ""][$0] }.isOn)
        #expect(!Palette(for: terminal.output) { ["NO_COLOR": "1"][$0] }.isOn)
        #expect(!Palette(for: terminal.output) { ["TERM": "dumb"][$0] }.isOn)
    }

    @Test func liveLinesReplaceEachOther() throws {
        let file = try TemporaryFile()
        let view = LiveView(file.output, isLive: true)
        try view.show(["a", "b"])
        try view.show(["c"])
        try view.note("stays")
        try view.show(["d"])
        try view.clear()
        let up = { "\u{1B}[\($0)A\u{1B}[J" }
        #expect(try file.text() == "a\nb\n\(up(2))c\n\(up(1))stays\nd\n\(up(1))")
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

/// A terminal that nobody sits at.
final class PseudoTerminal {
    private let controller: Int32
    let output: Output

    init?() {
        controller = posix_openpt(O_RDWR | O_NOCTTY)
        guard controller >= 0, grantpt(controller) == 0, unlockpt(controller) == 0, let name = ptsname(controller)
        else {
            return nil
        }
        output = Output(descriptor: open(name, O_RDWR | O_NOCTTY))
    }

    deinit {
        close(output.descriptor)
        close(controller)
    }
}
