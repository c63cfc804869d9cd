import Foundation
import Testing

/// Python's real rq, which `make setup` installs (scripts/rq-venv.sh).
enum Python {
    static let environment: URL = {
        if let path = ProcessInfo.processInfo.environment["HOLDFAST_RQ_VENV"] { return URL(filePath: path) }
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return package.appending(path: ".build/rq-venv")
    }()

    /// Runs a program of the environment to its end; gives its output, and records an issue unless it succeeds.
    static func run(_ program: String, _ arguments: [String], in directory: URL) async throws -> String {
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
