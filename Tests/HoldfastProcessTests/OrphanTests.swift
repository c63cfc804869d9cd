import Foundation
import HoldfastProcess
import Testing

@Suite("What a killed parent leaves behind")
struct OrphanTests {
    /// Starts the fixture, reads the numbers it prints, and kills it without warning.
    private func sleepersOfAKilledParent(_ arguments: [String]) async throws -> [ProcessIdentity] {
        let fixture = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "holdfast-fixture").path
        var command = Command(fixture, ["sleepers"] + arguments)
        command.output = .pipe
        let parent = try await ChildProcess.start(command)
        var children: [ProcessIdentity] = []
        for try await line in try #require(parent.output).lines() {
            if line == "ready" { break }
            let pid = try #require(Int32(line))
            children.append(try #require(ProcessIdentity(pid: pid)))
        }
        #expect(children.count == 8)
        #expect(children.allSatisfy { $0.isAlive })
        parent.signal(.kill)
        #expect(await parent.wait() == .signalled(SIGKILL))
        return children
    }

    @Test func childrenDieWithTheirParent() async throws {
        for child in try await sleepersOfAKilledParent([]) {
            try await child.waitForEnd()
            #expect(!child.isAlive)
        }
    }

    /// The control: without the protection the same children live on.
    @Test func childrenThatMayOutliveDo() async throws {
        let children = try await sleepersOfAKilledParent(["--outlive"])
        for child in children {
            #expect(child.isAlive)
            #expect(child.signal(.kill))
            try await child.waitForEnd()
        }
    }
}
