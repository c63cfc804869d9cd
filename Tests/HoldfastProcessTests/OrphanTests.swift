import Foundation
import HoldfastProcess
import Testing

@Suite("What a killed parent leaves behind", .timeLimit(.minutes(1)))
struct OrphanTests {
    /// Starts the fixture, reads the numbers it prints, and kills it without warning.
    private func survivorsOfAKilledParent(
        _ arguments: [String], expecting count: Int
    ) async throws -> [ProcessIdentity] {
        let fixture = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "holdfast-fixture").path
        var command = Command(fixture, arguments)
        command.output = .pipe
        let parent = try await ChildProcess.start(command)
        var children: [ProcessIdentity] = []
        for try await line in try #require(parent.output).lines() {
            if line == "ready" { break }
            let pid = try #require(Int32(line))
            children.append(try #require(ProcessIdentity(pid: pid)))
        }
        #expect(children.count == count)
        #expect(children.allSatisfy { $0.isAlive })
        parent.signal(.kill)
        #expect(await parent.wait() == .signalled(SIGKILL))
        return children
    }

    @Test func childrenDieWithTheirParent() async throws {
        for child in try await survivorsOfAKilledParent(["sleepers"], expecting: 8) {
            try await child.waitForEnd()
            #expect(!child.isAlive)
        }
    }

    /// The control: without the protection the same children live on.
    @Test func childrenThatMayOutliveDo() async throws {
        let children = try await survivorsOfAKilledParent(["sleepers", "--outlive"], expecting: 8)
        for child in children {
            #expect(child.isAlive)
            #expect(child.signal(.kill))
            try await child.waitForEnd()
        }
    }

    @Test func whatAGuardedChildHasStartedDiesTooThoughItsParentsParentWasKilled() async throws {
        for child in try await survivorsOfAKilledParent(["guarded"], expecting: 2) {
            try await child.waitForEnd()
            #expect(!child.isAlive)
        }
    }

    /// The control: the child dies with its parent, and what it has started lives on.
    @Test func whatAnUnguardedChildHasStartedLivesOn() async throws {
        let children = try await survivorsOfAKilledParent(["guarded", "--unguarded"], expecting: 2)
        try await children[0].waitForEnd()
        #expect(children[1].isAlive)
        #expect(children[1].signal(.kill))
        try await children[1].waitForEnd()
    }
}
