import Foundation
import Glibc
public import HoldfastRuntime

/// What a worker process tells the test that started it: a line of JSON on its standard output, in one write, so that
/// it survives the process.
public struct Report: Codable, Sendable, Hashable {
    public enum What: String, Codable, Sendable {
        /// The worker knows of an execution of `job`.
        case taken
        /// That execution is over for the worker; `detail` says how.
        case ended
        /// The process strikes itself, at the point `detail`.
        case blow
    }

    public let what: What
    public let job: String
    public let detail: String
    public let time: WallTime

    public init(_ what: What, job: String = "", _ detail: String = "", runtime: any Runtime = LiveRuntime()) {
        self.what = what
        self.job = job
        self.detail = detail
        time = runtime.wallTime
    }

    public init(line: String) throws { self = try JSONDecoder().decode(Self.self, from: Data(line.utf8)) }

    /// Writes it to the standard output.
    public func send() {
        guard var line = try? JSONEncoder().encode(self) else { return }
        line.append(UInt8(ascii: "\n"))
        line.withUnsafeBytes { bytes in _ = Glibc.write(STDOUT_FILENO, bytes.baseAddress, bytes.count) }
    }
}
