import Foundation
import HoldfastCluster
import HoldfastProcess
import TestWorld
import Testing

/// The built `holdfast`, run as a user runs it.
@Suite("The command line")
struct CommandLineTests {
    static let path = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: "holdfast").path

    private func holdfast(_ arguments: String..., variables: [String: String] = [:]) async throws -> Invocation {
        try await run(arguments, variables)
    }

    private func run(_ arguments: [String], _ variables: [String: String] = [:]) async throws -> Invocation {
        try await Invocation.run(arguments, variables: variables)
    }

    @Test func versionAndHelpGoToStandardOutput() async throws {
        let version = try await holdfast("--version")
        #expect(version.status == .exited(0))
        #expect(version.output.split(separator: ".").count == 3)
        for arguments in [
            ["--help"], ["cluster", "--help"], ["cluster", "up", "--help"], ["help", "cluster", "down"],
        ] {
            let help = try await run(arguments)
            #expect(help.status == .exited(0))
            #expect(help.output.contains("USAGE: holdfast"))
            #expect(help.error == "")
        }
    }

    @Test func aClusterComesUpIsShownAndGoesDown() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let variables = ["HOLDFAST_DIR": directory.path]
        let up = try await holdfast("cluster", "up", "--nodes", "1", "--store", "1", variables: variables)
        #expect(up.status == .exited(0), "\(up.error)")
        #expect(up.output.contains("node-1") && up.output.contains("store-1"))
        #expect(!up.output.contains("\u{1B}"), "a pipe gets no colours")

        let status = try await holdfast("cluster", "status", "--json", "--dir", directory.path)
        #expect(status.status == .exited(0))
        let report = try #require(
            try JSONSerialization.jsonObject(with: Data(status.output.utf8)) as? [String: Any])
        #expect((report["nodes"] as? [String])?.count == 1)
        #expect((report["stores"] as? [String])?.count == 1)
        let pids = (report["members"] as? [[String: Any]])?.compactMap { $0["pid"] as? Int } ?? []
        let servers = pids.compactMap { ProcessIdentity(pid: Int32($0)) }
        #expect(servers.count == 2)

        // `script` runs it on a terminal of its own.
        var onTerminal = Command("script", ["-qec", "\(Self.path) cluster status", "/dev/null"])
        onTerminal.environment = .inheritAnd(variables.merging(["TERM": "xterm", "NO_COLOR": ""]) { $1 })
        onTerminal.output = .pipe
        let terminal = try await ChildProcess.start(onTerminal)
        let colourful = String(decoding: try #require(try await terminal.output?.readAll()), as: UTF8.self)
        #expect(await terminal.wait() == .exited(0))
        #expect(colourful.contains("\u{1B}[32mrunning\u{1B}[0m"))

        let again = try await holdfast("cluster", "up", "--nodes", "1", "--json", variables: variables)
        #expect(again.status == .exited(0))
        #expect(again.output.contains("\"adopted\" : ["))

        // One dead server: the status says so and fails.
        servers[0].signal(.kill)
        try await servers[0].waitForEnd()
        let degraded = try await holdfast("cluster", "status", "--quiet", variables: variables)
        #expect(degraded.status == .exited(1))
        #expect(degraded.output == "")
        #expect(degraded.error.hasPrefix("holdfast: node-1 is down; start what is down with "))

        let down = try await holdfast("cluster", "down", variables: variables)
        #expect(down.status == .exited(0))
        #expect(down.output == "Stopped store-1.\n")
        #expect(!servers[1].isAlive)
        #expect(try await holdfast("cluster", "down", "--json", variables: variables).output.contains("\"stopped\""))
    }

    @Test(arguments: [
        ["cluster", "upp"], ["cluster", "up", "--nodes", "3x"], ["cluster", "up", "--node-fsync", "sometimes"],
        ["cluster", "up", "--nodes", "-1"], ["cluster", "up", "--nodes", "0", "--store", "0"], ["--no-such-option"],
        ["cluster", "status", "--json", "--quiet"],
    ])
    func aWrongCommandLineIsRefused(_ arguments: [String]) async throws {
        let outcome = try await run(arguments)
        #expect(outcome.status == .exited(2))
        #expect(outcome.output == "")
        #expect(outcome.error.hasPrefix("holdfast: "))
        #expect(outcome.error.split(separator: "\n").count <= 3)
    }

    @Test func whatIsMissingIsUnavailable() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let absent = directory.path + "/absent"
        for command in ["status", "down"] {
            let outcome = try await holdfast("cluster", command, "--dir", absent)
            #expect(outcome.status == .exited(69))
            #expect(outcome.error.hasPrefix("holdfast: there is no cluster in '\(absent)'; start one with"))
            #expect(!FileManager.default.fileExists(atPath: absent))
        }
        let noServer = try await holdfast(
            "cluster", "up", "--dir", absent, variables: ["HOLDFAST_REDIS_SERVER": "/nowhere/redis"])
        #expect(noServer.status == .exited(69))
        #expect(noServer.error.contains("apt-get install redis-server"))
        let noDirectory = try await holdfast("cluster", "up", "--dir", "/dev/null/cluster")
        #expect(noDirectory.status == .exited(69))
        #expect(noDirectory.error.contains("choose another with --dir"))
    }

    @Test func aReaderThatGoesAwayEndsItQuietly() async throws {
        var command = Command("sh", ["-c", "\"$0\" --help | head -n 1; exit 0", Self.path])
        command.output = .pipe
        command.error = .pipe
        let child = try await ChildProcess.start(command)
        #expect(try await child.error?.readAll() == [])
        #expect(await child.wait() == .exited(0))
    }
}
