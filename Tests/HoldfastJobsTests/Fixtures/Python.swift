import Foundation
import HoldfastCluster
import Testing

/// Python's real rq in one of its versions, which `make test` installs (scripts/rq-venv.sh).
struct Python: Sendable, CustomTestStringConvertible {
    let version: String
    private let environment: URL

    static let newest = Python(version: "3", ending: "")
    static let older = Python(version: "2.12", ending: "-2.12")
    static let all = [newest, older]

    var testDescription: String { "rq \(version)" }

    private init(version: String, ending: String) {
        self.version = version
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let standard = package.appending(path: ".build/rq-venv").path
        let newest = ProcessInfo.processInfo.environment["HOLDFAST_RQ_VENV"] ?? standard
        environment = URL(filePath: newest + ending)
    }

    /// Runs a piece of Python that finds `redis` (a connection), `q` (the queue `q`, with the JSON serializer) and
    /// `fetch(id)`, and gives its output.
    func script(_ redis: Fixture, _ body: String) async throws -> String {
        let head = """
            import json, sys, time
            from datetime import timedelta
            from redis import Redis
            from rq import Queue, Retry, Worker
            from rq.command import send_shutdown_command, send_stop_job_command
            from rq.job import Dependency, Job
            from rq.registry import (CanceledJobRegistry, DeferredJobRegistry, FailedJobRegistry, FinishedJobRegistry,
                                     ScheduledJobRegistry, StartedJobRegistry)
            redis = Redis(port=\(redis.server.port))
            q = Queue('q', connection=redis, serializer='json')
            fetch = lambda id: Job.fetch(id, connection=redis, serializer='json')

            """
        return try await run("python", ["-c", head + body], in: redis.directory)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Runs a Python worker on queues until they are empty. Its functions are in `mytasks.py` of the test's directory.
    func work(_ redis: Fixture, _ queues: String..., options: [String] = []) async throws {
        _ = try await run(
            "rq", ["worker", "-S", "json", "--burst", "-u", redis.server.url] + options + queues, in: redis.directory)
    }

    /// Runs a program of the environment to its end; gives its output, and records an issue unless it succeeds.
    func run(_ program: String, _ arguments: [String], in directory: URL) async throws -> String {
        let executable = environment.appending(path: "bin/\(program)")
        try #require(
            FileManager.default.isExecutableFile(atPath: executable.path),
            "Python's rq is not installed in \(environment.path): run `make setup`")
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = directory
        process.environment = [
            "PYTHONPATH": directory.path, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": directory.path,
        ]
        // Into a file: a pipe that nobody reads would stop a talkative program.
        let output = directory.appending(path: "output-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        let handle = try FileHandle(forWritingTo: output)
        defer { try? handle.close() }
        process.standardOutput = handle
        process.standardError = handle
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in continuation.resume() }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        let text = String(decoding: try Data(contentsOf: output), as: UTF8.self)
        #expect(process.terminationStatus == 0, "\(program) \(arguments.first ?? ""): \(text)")
        return text
    }
}
