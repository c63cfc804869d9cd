import Foundation
import HoldfastCluster
import HoldfastProcess

/// A small library that is compiled for a run and loaded before a server's own.
enum Shim {
    struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        /// The machine has no compiler. Otherwise something is wrong, with the library or its compiler.
        var isAbsence = false
        var description: String
    }

    /// Compiles the library.
    /// - Returns: Its path.
    static func build(
        _ name: String, _ program: String, in directory: String, compiler: String = "cc"
    ) async throws(Failure) -> String {
        let source = "\(directory)/\(name).c"
        let library = "\(directory)/\(name).so"
        do { try Data(program.utf8).write(to: URL(fileURLWithPath: source)) } catch {
            throw Failure(description: "\(source) cannot be written: \(error.localizedDescription)")
        }
        var command = Command(compiler, ["-shared", "-fPIC", "-O2", "-o", library, source])
        command.output = .null
        command.error = .file("\(directory)/\(name).log")
        let process: ChildProcess
        do { process = try await ChildProcess.start(command) } catch {
            if case .executableNotFound = error {
                throw Failure(isAbsence: true, description: "there is no C compiler")
            }
            throw Failure(description: "the C compiler did not start: \(error)")
        }
        let status = await process.wait()
        guard status == .exited(0) else {
            let log = (try? String(contentsOfFile: "\(directory)/\(name).log", encoding: .utf8)) ?? ""
            let line = log.split(separator: "\n").first { $0.contains("error") }.map { ": \($0.suffix(160))" } ?? ""
            throw Failure(description: "the C compiler failed (\(status))\(line)")
        }
        return library
    }
}

extension ClusterConfiguration {
    /// Loads a library before that of a member, beside others that are loaded there.
    mutating func load(_ library: String, in member: String, _ variables: [String: String]) {
        var environment = self.environment[member] ?? [:]
        environment["LD_PRELOAD"] = [environment["LD_PRELOAD"], library].compactMap(\.self).joined(separator: ":")
        self.environment[member] = environment.merging(variables) { $1 }
    }
}
