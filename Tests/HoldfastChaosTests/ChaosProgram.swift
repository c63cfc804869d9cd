import Foundation
import HoldfastProcess
import HoldfastRuntime
import Testing

/// The real program, as its user runs it.
enum ChaosProgram {
    static func path() throws -> String {
        // The test bundle lies beside the products of its build.
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("holdfast").path
    }

    /// A directory that does not exist yet; gone afterwards, and no process that has to do with it is left.
    static func withDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        let directory = FileManager.default.temporaryDirectory.path + "/chaos-test-" + LiveRuntime().randomHex(bytes: 6)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let result = try await body(directory)
        #expect(processes(mentioning: directory).isEmpty, "something was left running")
        return result
    }

    static func processes(mentioning text: String) -> [String] {
        let pids = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.filter { Int($0) != nil } ?? []
        return pids.filter { pid in
            let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
            let place = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd")) ?? ""
            return String(decoding: line, as: UTF8.self).contains(text) || place.hasPrefix(text)
        }
    }

    /// - Parameter scratch: A path for what it prints; gone afterwards.
    static func run(
        _ arguments: [String], scratch: String
    ) async throws -> (status: HoldfastProcess.ExitStatus, output: Data, errors: String) {
        var command = Command(try path(), arguments)
        command.output = .file(scratch + ".out")
        command.error = .file(scratch + ".err")
        defer { for ending in [".out", ".err"] { try? FileManager.default.removeItem(atPath: scratch + ending) } }
        let process = try await ChildProcess.start(command)
        let status = await process.wait()
        let output = try Data(contentsOf: URL(fileURLWithPath: scratch + ".out"))
        let errors = try String(contentsOfFile: scratch + ".err", encoding: .utf8)
        return (status, output, errors)
    }

    /// A scenario of this repository.
    static func scenario(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("chaos/\(name).yml").path
    }
}
