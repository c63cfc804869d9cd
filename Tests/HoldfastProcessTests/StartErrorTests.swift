import Foundation
import HoldfastProcess
import TestWorld
import Testing

@Suite("A process that cannot start")
struct StartErrorTests {
    @Test func unknownName() async throws {
        await #expect {
            try await ChildProcess.start(Command("no-such-program-anywhere"))
        } throws: { error in
            "\(error)".hasPrefix("there is no executable 'no-such-program-anywhere' in PATH (")
        }
    }

    @Test func unknownPath() async throws {
        await #expect(throws: ProcessError.executableNotFound("/nowhere/at/all", searched: [])) {
            try await ChildProcess.start(Command("/nowhere/at/all"))
        }
    }

    @Test func notAProgram() async throws {
        await #expect(throws: ProcessError.notExecutable(path: "/etc/passwd", errno: EACCES)) {
            try await ChildProcess.start(Command("/etc/passwd"))
        }
        await #expect(throws: ProcessError.notExecutable(path: "/etc", errno: EACCES)) {
            try await ChildProcess.start(Command("/etc"))
        }
    }

    @Test func aFormatThatTheKernelRefuses() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let path = directory.path + "/garbage"
        try Data("not a program".utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        await #expect(throws: ProcessError.notExecutable(path: path, errno: ENOEXEC)) {
            try await ChildProcess.start(Command(path))
        }
    }

    @Test func noSuchDirectory() async throws {
        var command = Command("true")
        command.directory = "/nowhere"
        await #expect(throws: ProcessError.directory(path: "/nowhere", errno: ENOENT)) {
            try await ChildProcess.start(command)
        }
    }

    @Test func noSuchInputFile() async throws {
        var command = Command("true")
        command.input = .file("/nowhere/input")
        await #expect(throws: ProcessError.stream(path: "/nowhere/input", errno: ENOENT)) {
            try await ChildProcess.start(command)
        }
    }

    @Test(arguments: [Command("tr\0ue"), Command("true", ["a\0b"])])
    func nulBytes(_ command: Command) async throws {
        await #expect(throws: ProcessError.self) { try await ChildProcess.start(command) }
    }

    @Test func aNameInPathMustBeExecutable() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let first = directory.path + "/first"
        try FileManager.default.createDirectory(atPath: first, withIntermediateDirectories: false)
        try Data().write(to: URL(filePath: first + "/sh"))
        #expect(try Executable.find("sh", path: "\(first):/bin") == "/bin/sh")
        #expect(throws: ProcessError.executableNotFound("sh", searched: [first])) {
            try Executable.find("sh", path: first)
        }
        #expect(throws: ProcessError.self) { try Executable.find("", path: "/bin") }
    }
}
