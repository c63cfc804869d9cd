import HoldfastProcess

/// A script that runs other libraries, and prints what they did.
struct PeerScript {
    struct Failed: Error, CustomStringConvertible {
        var description: String
    }

    let path: String

    func output(_ arguments: [String]) async throws -> String {
        var command = Command(path, arguments)
        command.output = .pipe
        let child = try await ChildProcess.start(command)
        let bytes = try await child.output?.readAll() ?? []
        let status = await child.wait()
        guard status == .exited(0) else {
            throw Failed(description: "\(path) \(arguments.joined(separator: " ")): \(status)")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
