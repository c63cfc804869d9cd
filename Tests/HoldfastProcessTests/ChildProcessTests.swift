import Foundation
import HoldfastProcess
import HoldfastRuntime
import TestWorld
import Testing

@Suite("Child processes")
struct ChildProcessTests {
    private func shell(_ script: String, _ change: (inout Command) -> Void = { _ in }) async throws -> ChildProcess {
        var command = Command("sh", ["-c", script])
        change(&command)
        return try await ChildProcess.start(command)
    }

    @Test(arguments: [0, 1, 7, 255])
    func exitCode(_ code: Int32) async throws {
        #expect(await (try shell("exit \(code)")).wait() == .exited(code))
    }

    @Test func endBySignal() async throws {
        let status = await (try shell("kill -SEGV $$")).wait()
        #expect(status == .signalled(SIGSEGV))
        #expect(status.description == "ended by SIGSEGV")
        #expect(!status.isSuccess)
    }

    @Test func everyWaiterHears() async throws {
        let child = try await shell("read line; exit 3") { $0.input = .pipe }
        try await withThrowingTaskGroup(of: ExitStatus.self) { group in
            for _ in 0..<20 { group.addTask { await child.wait() } }
            try await child.input?.write("go\n")
            for try await status in group { #expect(status == .exited(3)) }
        }
        #expect(child.exitStatus == .exited(3))
        #expect(await child.wait() == .exited(3))
    }

    @Test func aCancelledWaitLeavesTheProcess() async throws {
        let child = try await ChildProcess.start(Command("sleep", ["1000"]))
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    _ = try await child.waitUnlessCancelled()
                    return false
                } catch { return true }
            }
            group.cancelAll()
            for await cancelled in group { #expect(cancelled) }
        }
        #expect(child.isRunning)
        #expect(child.signal(.kill))
        #expect(await child.wait() == .signalled(SIGKILL))
    }

    @Test func signalsAfterTheEndGoNowhere() async throws {
        let child = try await shell("exit 0") { $0.grouping = .ownGroup }
        _ = await child.wait()
        #expect(!child.signal(.kill))
        #expect(!child.killGroup())
    }

    @Test func outputIsCaptured() async throws {
        let child = try await shell("echo out; echo err >&2; echo more") {
            $0.output = .pipe
            $0.error = .pipe
        }
        #expect(try await child.output?.readAll() == Array("out\nmore\n".utf8))
        #expect(try await child.error?.readAll() == Array("err\n".utf8))
        #expect(await child.wait() == .exited(0))
    }

    @Test func moreThanAPipeHoldsComesThrough() async throws {
        let child = try await ChildProcess.start(
            {
                var cat = Command("cat")
                cat.input = .pipe
                cat.output = .pipe
                return cat
            }())
        let (input, output) = (try #require(child.input), try #require(child.output))
        let sent = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        async let received = output.readAll(limit: 2_000_000)
        try await input.write(sent)
        input.close()
        #expect(try await received == sent)
        #expect(await child.wait() == .exited(0))
    }

    @Test func linesOfAnyLength() async throws {
        let child = try await shell("printf 'one\\n\\n0123456789abcdef\\nlast'") { $0.output = .pipe }
        var lines: [String] = []
        for try await line in try #require(child.output).lines(limit: 10) { lines.append(line) }
        #expect(lines == ["one", "", "0123456789", "abcdef", "last"])
        _ = await child.wait()
    }

    @Test func tooMuchOutputIsAnError() async throws {
        let child = try await ChildProcess.start(
            {
                var yes = Command("yes")
                yes.output = .pipe
                return yes
            }())
        await #expect(throws: ProcessError.tooMuchOutput(limit: 1000)) {
            try await child.output?.readAll(limit: 1000)
        }
        child.output?.close()
        #expect(await child.wait() == .signalled(SIGPIPE))
    }

    @Test func writingToADeadProcessIsAnError() async throws {
        let child = try await shell("exit 0") { $0.input = .pipe }
        _ = await child.wait()
        await #expect(throws: ProcessError.closedPipe) { try await child.input?.write("hello") }
        child.input?.close()
        await #expect(throws: ProcessError.closedPipe) { try await child.input?.write("hello") }
    }

    @Test func aReaderCanBeCancelled() async throws {
        let child = try await ChildProcess.start(
            {
                var sleep = Command("sleep", ["1000"])
                sleep.output = .pipe
                return sleep
            }())
        let output = try #require(child.output)
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { do { return try await output.read() == nil } catch { return error is CancellationError } }
            group.cancelAll()
            for await cancelled in group { #expect(cancelled) }
        }
        child.signal(.kill)
        #expect(try await output.read() == nil)
        _ = await child.wait()
    }

    @Test func environmentDirectoryAndFiles() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let file = directory.path + "/log"
        for word in ["first", "second"] {
            let child = try await shell("pwd; echo $WORD $HOME") {
                $0.environment = .only(["WORD": word, "PATH": "/usr/bin:/bin"])
                $0.directory = directory.path
                $0.output = .file(file)
            }
            #expect(await child.wait() == .exited(0))
        }
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text == "\(directory.path)\nfirst\n\(directory.path)\nsecond\n")
    }

    @Test func terminateAsksFirst() async throws {
        let child = try await shell("trap 'exit 9' TERM; echo up; while :; do read x; done") {
            $0.input = .pipe
            $0.output = .pipe
        }
        #expect(try await child.output?.read() == Array("up\n".utf8))
        async let ended = child.terminate(grace: .seconds(60))
        child.input?.close()
        #expect(await ended == .exited(9))
    }

    @Test func terminateInsists() async throws {
        let child = try await shell("trap '' TERM; echo up; while :; do sleep 1000; done") {
            $0.output = .pipe
            $0.grouping = .ownGroup
        }
        #expect(try await child.output?.read() == Array("up\n".utf8))
        #expect(await child.terminate(grace: .milliseconds(1)) == .signalled(SIGKILL))
        // The sleeper holds the pipe: its end shows that the group went too.
        #expect(try await child.output?.read() == nil)
    }

    @Test func terminateEndsAStoppedProcessEvenIfCancelled() async throws {
        let child = try await ChildProcess.start(Command("sleep", ["1000"]))
        child.signal(.stop)
        await withTaskGroup(of: ExitStatus.self) { group in
            group.addTask { await child.terminate(grace: .seconds(60)) }
            group.cancelAll()
            for await status in group { #expect(status == .signalled(SIGTERM)) }
        }
    }

    @Test func theWholeGroupIsKilled() async throws {
        let child = try await shell("sleep 1000 & echo $!; wait") {
            $0.output = .pipe
            $0.grouping = .ownGroup
        }
        var lines = try #require(child.output).lines().makeAsyncIterator()
        let grandchild = try #require(try await lines.next().flatMap { Int32($0) })
        let identity = try #require(ProcessIdentity(pid: grandchild))
        #expect(child.killGroup())
        #expect(await child.wait() == .signalled(SIGKILL))
        try await identity.waitForEnd()
        #expect(!identity.isAlive)
    }

    @Test func aChildIgnoresNothingAndBlocksNothing() async throws {
        let child = try await ChildProcess.start(
            {
                var cat = Command("cat", ["/proc/self/status"])
                cat.output = .pipe
                return cat
            }())
        let text = String(decoding: try #require(try await child.output?.readAll()), as: UTF8.self)
        for line in text.split(separator: "\n") where line.hasPrefix("SigBlk:") || line.hasPrefix("SigIgn:") {
            let mask = try #require(UInt64(line.dropFirst(8), radix: 16))
            // 32 and 33 belong to the C library, which lets nobody change them.
            #expect(mask & ~(3 << 31) == 0, "\(line)")
        }
        #expect(text.contains("SigBlk:") && text.contains("SigIgn:"))
        #expect(await child.wait() == .exited(0))
    }
}
