import HoldfastProcess
import Testing

/// One run of the built `holdfast`, to its end.
struct Invocation {
    var status: HoldfastProcess.ExitStatus
    var output: String
    var error: String

    static func run(_ arguments: [String], variables: [String: String] = [:]) async throws -> Invocation {
        var command = Command(CommandLineTests.path, arguments)
        command.environment = .inheritAnd(variables)
        command.output = .pipe
        command.error = .pipe
        let child = try await ChildProcess.start(command)
        let (output, error) = (try #require(child.output), try #require(child.error))
        async let written = output.readAll()
        async let complained = error.readAll()
        return Invocation(
            status: await child.wait(), output: String(decoding: try await written, as: UTF8.self),
            error: String(decoding: try await complained, as: UTF8.self))
    }
}
