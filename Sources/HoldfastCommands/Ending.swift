import ArgumentParser

/// What an error means for the process: its exit status and its last words.
struct Ending: Equatable {
    var code: ExitCode
    /// For standard output: help and version, which were asked for.
    var output: String?
    /// For standard error.
    var complaint: String?

    static func of(_ error: any Error) -> Ending {
        switch error {
        case is ClosedOutput: Ending(code: .ok)
        case is CancellationError: Ending(code: .interrupted, complaint: "holdfast: interrupted")
        case let failure as CommandFailure: Ending(code: failure.code, complaint: "holdfast: \(failure.sentence)")
        case let explained as any ExplainedFailure:
            Ending(code: explained.exitCode, complaint: "holdfast: \(explained)")
        default: parsing(error)
        }
    }

    /// Errors of the argument parser, and those that nobody expected.
    private static func parsing(_ error: any Error) -> Ending {
        let parserCode = HoldfastCommand.exitCode(for: error)
        if parserCode == .success {
            return Ending(code: .ok, output: HoldfastCommand.fullMessage(for: error))
        }
        if parserCode == .validationFailure {
            let full = HoldfastCommand.fullMessage(for: error).split(separator: "\n", omittingEmptySubsequences: false)
            let usage = full.filter { $0.hasPrefix("Usage:") || $0.hasPrefix("  See '") }
            let sentence = "holdfast: \(HoldfastCommand.message(for: error))"
            return Ending(code: .usage, complaint: ([sentence] + usage.map(String.init)).joined(separator: "\n"))
        }
        if let code = error as? ArgumentParser.ExitCode { return Ending(code: ExitCode(rawValue: code.rawValue)) }
        return Ending(code: .failed, complaint: "holdfast: \(error)")
    }
}
