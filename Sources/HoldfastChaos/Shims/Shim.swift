import Foundation
import HoldfastCluster
import HoldfastProcess

/// A small library that is compiled for a run and loaded before a server's own.
enum Shim {
    /// Compiles the library.
    /// - Returns: Its path, or in words why there is none.
    static func build(_ name: String, _ program: String, in directory: String) async -> (path: String?, reason: String)
    {
        let source = "\(directory)/\(name).c"
        let library = "\(directory)/\(name).so"
        do { try Data(program.utf8).write(to: URL(fileURLWithPath: source)) } catch {
            return (nil, "\(source) cannot be written")
        }
        var command = Command("cc", ["-shared", "-fPIC", "-O2", "-o", library, source])
        command.output = .null
        command.error = .null
        do {
            let status = await (try ChildProcess.start(command)).wait()
            return status == .exited(0) ? (library, "") : (nil, "the C compiler failed: \(status)")
        } catch { return (nil, "there is no C compiler") }
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
