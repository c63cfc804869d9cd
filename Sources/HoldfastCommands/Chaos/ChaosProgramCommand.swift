import ArgumentParser
import Foundation
import HoldfastChaos

/// What workers of `holdfast chaos run` run for some jobs; not for people.
struct ChaosProgramCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "program", abstract: "The program of a run's job.", shouldDisplay: false)

    @Option var directory: String

    func run() async throws {
        // A few bytes, which are there already.
        let input = try FileHandle.standardInput.readToEnd() ?? Data()
        try Output.standard.line(try await JobProgram(directory: directory).run(input))
    }
}
