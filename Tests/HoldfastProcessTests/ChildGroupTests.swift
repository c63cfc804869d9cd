import HoldfastProcess
import Testing

@Suite("A child's group", .timeLimit(.minutes(1)))
struct ChildGroupTests {
    /// Starts a child that ends at once and leaves a process behind that ignores SIGTERM.
    private func withLeftover(
        keepsGroup: Bool, _ body: (ChildProcess, ProcessIdentity) async throws -> Void
    ) async throws {
        let stubborn = #"trap "" TERM; echo $$; exec sleep 100"#
        var command = Command("sh", ["-c", "sh -c '\(stubborn)' & read line"])
        command.input = .pipe
        command.output = .pipe
        command.grouping = .ownGroup
        command.keepsGroup = keepsGroup
        let child = try await ChildProcess.start(command)
        var lines = try #require(child.output).lines().makeAsyncIterator()
        let pid = try #require(try await lines.next().flatMap { Int32($0) })
        let leftover = try #require(ProcessIdentity(pid: pid))
        defer { leftover.signal(.kill) }
        try #require(child.input).close()
        _ = await child.wait()
        try await body(child, leftover)
    }

    @Test func isEndedAfterItsLeaderWhereItIsKept() async throws {
        try await withLeftover(keepsGroup: true) { child, leftover in
            #expect(!child.isRunning && child.groupRuns && leftover.isAlive)
            await child.terminateGroup(grace: .zero)
            try await leftover.waitForEnd()
            #expect(!child.groupRuns)
            child.releaseGroup()
            child.releaseGroup()
            #expect(!child.killGroup(.terminate), "the number may be another's by now")
        }
    }

    @Test func isOutOfReachAfterItsLeaderOtherwise() async throws {
        try await withLeftover(keepsGroup: false) { child, leftover in
            #expect(!child.killGroup(.kill))
            #expect(leftover.isAlive)
        }
    }
}
