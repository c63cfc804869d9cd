import Foundation
import HoldfastProcess
import Testing

/// Nothing else may start processes here meanwhile: it counts all descriptors and all children of this process.
@Suite("Starting processes leaks nothing", .serialized)
struct LeakTests {
    @Test func descriptorsAndZombies() async throws {
        // Counted in a process of its own, away from the tests that run beside this one.
        let fixture = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "holdfast-fixture").path
        var command = Command(fixture, ["count-leaks", "200"])
        command.output = .pipe
        let counter = try await ChildProcess.start(command)
        let report = String(decoding: try #require(try await counter.output?.readAll()), as: UTF8.self)
        #expect(await counter.wait() == .exited(0), "\(report)")
        #expect(report == "descriptors 0\nzombies 0\n")
    }

    @Test func aChildInheritsNoDescriptor() async throws {
        // Not close-on-exec: what a careless library would leave open.
        let stray = open("/dev/null", O_RDONLY)
        defer { close(stray) }
        var command = Command("ls", ["/proc/self/fd"])
        command.output = .pipe
        let child = try await ChildProcess.start(command)
        let listed = String(decoding: try #require(try await child.output?.readAll()), as: UTF8.self)
        // 3 is the directory that ls reads.
        #expect(listed == "0\n1\n2\n3\n")
        _ = await child.wait()
    }
}
