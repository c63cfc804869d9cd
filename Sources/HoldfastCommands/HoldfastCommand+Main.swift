import ArgumentParser
import Foundation
import HoldfastProcess
import Logging

extension HoldfastCommand {
    /// Runs the command line of this process and ends it with the exit status that `holdfast --help` describes.
    public static func runAndExit() async -> Never {
        // A reader that goes away (`| head`) is an error of the write, which ends the command quietly.
        signal(SIGPIPE, SIG_IGN)
        let level = Environment.variable("HOLDFAST_LOG").flatMap(Logger.Level.init(rawValue:)) ?? .warning
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        do {
            try await withInterruption {
                var command = try parseAsRoot(EnqueueCommand.marking(Array(CommandLine.arguments.dropFirst())))
                if var asynchronous = command as? any AsyncParsableCommand {
                    try await asynchronous.run()
                } else {
                    try command.run()
                }
            }
            Foundation.exit(ExitCode.ok.rawValue)
        } catch {
            let ending = Ending.of(error)
            if let text = ending.output { try? Output.standard.line(text) }
            if let text = ending.complaint { try? Output.error.line(text) }
            Foundation.exit(ending.code.rawValue)
        }
    }
}
