import Foundation
import HoldfastCluster
import HoldfastProcess

/// A parent for the tests to kill. It starts things, prints their numbers, one a line, and hangs until it is ended.
@main
struct Fixture {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        switch arguments.first {
        case "sleepers":
            let outlive = arguments.contains("--outlive")
            // Started from many pool threads, of which any may retire: the children must not notice.
            let pids = try await withThrowingTaskGroup(of: Int32.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        var command = Command("sleep", ["1000"])
                        command.output = .null
                        command.diesWithParent = !outlive
                        command.grouping = outlive ? .ownSession : .ownGroup
                        return try await ChildProcess.start(command).pid
                    }
                }
                var pids: [Int32] = []
                for try await pid in group { pids.append(pid) }
                return pids
            }
            announce(pids)
        case "cluster":
            guard let directory = arguments.dropFirst().first else { exit(2) }
            let cluster = try await LocalCluster.start(
                ClusterConfiguration(nodes: 3, stores: 1, directory: directory))
            announce(cluster.members.compactMap(\.pid))
        case "guarded":
            // A child whose own child would outlive us both, were it not for the guard.
            var command = Command("sh", ["-c", "sleep 1000 & echo $!; wait"])
            command.output = .pipe
            command.grouping = .ownGroup
            command.keepsGroup = true
            let child = try await ChildProcess.start(command)
            let watch = GroupGuard()
            if !arguments.contains("--unguarded") { try await watch.protect(child) }
            guard var lines = child.output?.lines().makeAsyncIterator(), let pid = try await lines.next() else {
                exit(1)
            }
            withExtendedLifetime(watch) { announce([child.pid, Int32(pid) ?? 0]) }
        case "count-leaks":
            try await countLeaks(Int(arguments.dropFirst().first ?? "") ?? 1)
        default:
            print("usage: holdfast-fixture sleepers [--outlive] | cluster DIR | guarded [--unguarded] | count-leaks N")
            exit(2)
        }
    }

    /// Starts and collects children with pipes, failing starts included, and says what is left of them.
    static func countLeaks(_ count: Int) async throws {
        func descriptors() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
        func one(_ executable: String) async throws {
            var command = Command(executable)
            (command.input, command.output, command.error) = (.pipe, .pipe, .pipe)
            let child = try await ChildProcess.start(command)
            _ = await child.wait()
            child.input?.close()
            child.output?.close()
            child.error?.close()
        }
        try await one("true")
        let before = try descriptors()
        for _ in 0..<count {
            try await one("true")
            do { try await one("/etc/passwd") } catch is ProcessError {}
        }
        print("descriptors \(try descriptors() - before)")
        // Zombies would be children that a wait finds.
        print("zombies \(waitpid(-1, nil, WNOHANG) == -1 && errno == ECHILD ? 0 : 1)")
    }

    static func announce(_ pids: [Int32]) -> Never {
        for pid in pids { print(pid) }
        print("ready")
        fflush(nil)
        while true { pause() }
    }
}
