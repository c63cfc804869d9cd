import ArgumentParser
import HoldfastJobs
import HoldfastPrograms

/// `tasks.add='./add.py --fast'`: a function and the program that runs its jobs.
struct HandlerArgument: ExpressibleByArgument, Sendable, Hashable {
    let text: String
    let function: String
    let commandLine: String

    init?(argument: String) {
        guard let mark = argument.firstIndex(of: "=") else { return nil }
        text = argument
        function = String(argument[..<mark])
        commandLine = String(argument[argument.index(after: mark)...])
        let isName = !function.isEmpty && function.utf8.allSatisfy { (33...126).contains($0) }
        if !isName || function.utf8.count > JobPayload.maximumFunctionLength { return nil }
    }
}
