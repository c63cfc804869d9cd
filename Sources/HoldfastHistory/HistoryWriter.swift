import Foundation
import Glibc
public import HoldfastRuntime

/// Appends events to a file, a line of JSON each, with one write a line: what was written survives the writer's death
/// by any signal.
public final class HistoryWriter: Sendable {
    private let descriptor: Int32
    private let who: String
    private let runtime: any Runtime

    /// - Throws: ``HistoryError`` when the file cannot be opened for appending.
    public init(path: String, who: String, runtime: any Runtime = LiveRuntime()) throws(HistoryError) {
        descriptor = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw HistoryError("cannot write \(path): \(String(cString: strerror(errno)))") }
        self.who = who
        self.runtime = runtime
    }

    deinit { Glibc.close(descriptor) }

    /// Writes an event down. A full disk loses the event, not the program: the checkers find the gap.
    public func record(_ kind: HistoryEvent.Kind) {
        let event = HistoryEvent(time: runtime.wallTime, who: who, kind: kind)
        guard var line = try? JSONEncoder().encode(event) else { return }
        line.append(UInt8(ascii: "\n"))
        line.withUnsafeBytes { bytes in _ = Glibc.write(descriptor, bytes.baseAddress, bytes.count) }
    }
}

/// A history that cannot be written or read, in a sentence.
public struct HistoryError: Error, Sendable, Hashable, CustomStringConvertible {
    public var description: String

    public init(_ description: String) { self.description = description }
}
