import Foundation

/// The running executable, for commands that start workers of their own.
enum OwnProgram {
    /// - Throws: ``CommandFailure`` where the kernel does not tell.
    static func path() throws(CommandFailure) -> String {
        guard let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
            throw CommandFailure("this program cannot find itself: /proc is not mounted", code: .unavailable)
        }
        return path
    }
}
