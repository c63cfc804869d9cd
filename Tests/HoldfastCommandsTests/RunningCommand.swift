import Foundation
import HoldfastCluster
import HoldfastLocks
import HoldfastProcess
import Testing

/// A `holdfast lock` that runs, or waits.
struct Running {
    let child: ChildProcess
    let input: PipeWriter
    private let error: PipeReader
    private var lines: PipeLines.Iterator

    init(_ arguments: [String]) async throws {
        var command = Command(CommandLineTests.path, arguments)
        command.input = .pipe
        command.output = .pipe
        command.error = .pipe
        child = try await ChildProcess.start(command)
        input = try #require(child.input)
        error = try #require(child.error)
        lines = try #require(child.output).lines().makeAsyncIterator()
    }

    mutating func line() async throws -> String? { try await lines.next() }

    /// What it writes from here on, and how it ends.
    mutating func end() async throws -> Invocation {
        var output: [String] = []
        while let line = try await lines.next() { output.append(line) }
        let complaint = String(decoding: try await error.readAll(), as: UTF8.self)
        return Invocation(
            status: await child.wait(), output: output.joined(separator: "\n"), error: complaint)
    }
}

/// Three initialised lock nodes, and the options that name them.
func withLockNodes(_ body: (LocalCluster, [String]) async throws -> Void) async throws {
    try await withTemporaryCluster(nodes: 3, stores: 0) { cluster in
        _ = try await LockCluster.initialize(
            LockClusterConfiguration(urls: cluster.nodeURLs), maximumTTL: .seconds(20))
        try await body(cluster, ["--nodes", cluster.nodeURLs.joined(separator: ",")])
    }
}

/// Runs `holdfast` to its end.
func holdfast(_ arguments: [String]) async throws -> Invocation {
    var running = try await Running(arguments)
    return try await running.end()
}
