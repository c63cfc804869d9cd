import Foundation
import Glibc
public import HoldfastRuntime
import Synchronization

/// Appends events to a file, a line of JSON each, with one write a line: what was written survives the writer's death
/// by any signal.
///
/// A program does several things at once, a process of a history does not: each operation under way has a process
/// number of its own, taken from the writer's block of numbers.
public final class HistoryWriter: Sendable {
    /// An operation under way: exactly one ``HistoryWriter/end(_:_:_:error:until:rounds:)`` follows.
    public struct Operation: Sendable {
        let process: Int
        let f: String
        let value: HistoryValue
        let token: Int64?
    }

    private struct State {
        var index = 0
        var next: Int
        /// Numbers that are not in use, and since when.
        var free: [(process: Int, since: Instant)] = []
    }

    private let descriptor: Int32
    private let client: String
    private let runtime: any Runtime
    private let state: Mutex<State>

    /// - Parameters:
    ///   - client: The name of this operating system's process.
    ///   - number: Different for each writer of a run: its processes are numbered from `number` times a million.
    /// - Throws: ``HistoryError`` when the file cannot be opened for appending.
    public init(
        path: String, client: String, number: Int, runtime: any Runtime = LiveRuntime()
    ) throws(HistoryError) {
        descriptor = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw HistoryError("cannot write \(path): \(String(cString: strerror(errno)))") }
        self.client = client
        self.runtime = runtime
        state = Mutex(State(next: number * 1_000_000))
    }

    deinit { Glibc.close(descriptor) }

    /// An operation begins now. Written before the operation can have any effect.
    public func begin(_ f: String, _ value: HistoryValue = .null, token: Int64? = nil) -> Operation {
        let now = runtime.now
        let operation = Operation(process: take(freeSince: now), f: f, value: value, token: token)
        write(operation, .invoke, value, at: now, token: token)
        return operation
    }

    /// It has ended now. After `info` its process number is not used again.
    public func end(
        _ operation: Operation, _ type: HistoryEvent.Kind, _ value: HistoryValue? = nil, error: String? = nil,
        until: Instant? = nil, rounds: Int? = nil
    ) {
        let now = runtime.now
        write(
            operation, type, value ?? operation.value, at: now, error: error, token: operation.token, until: until,
            rounds: rounds)
        guard type != .info else { return }
        state.withLock { $0.free.append((operation.process, now)) }
    }

    /// A whole operation, told at its end.
    /// - Parameter began: Not later than the operation really began: a later time would accuse the innocent.
    public func record(
        _ f: String, _ asked: HistoryValue, began: Instant, _ type: HistoryEvent.Kind, _ value: HistoryValue,
        error: String? = nil, until: Instant? = nil, rounds: Int? = nil
    ) {
        let operation = Operation(process: take(freeSince: began), f: f, value: asked, token: nil)
        write(operation, .invoke, asked, at: began)
        end(operation, type, value, error: error, until: until, rounds: rounds)
    }

    /// What somebody saw who is no client.
    /// - Parameter time: When it was, if that was not now.
    public func note(
        _ process: HistoryProcess, _ f: String, _ value: HistoryValue, at time: Instant? = nil, error: String? = nil
    ) {
        append(
            HistoryEvent(
                time: (time ?? runtime.now).nanoseconds, process: process, type: .info, f: f, value: value,
                error: error,
                client: client))
    }

    private func take(freeSince began: Instant) -> Int {
        state.withLock { state in
            if let index = state.free.firstIndex(where: { $0.since <= began }) {
                return state.free.remove(at: index).process
            }
            defer { state.next += 1 }
            return state.next
        }
    }

    private func write(
        _ operation: Operation, _ type: HistoryEvent.Kind, _ value: HistoryValue, at time: Instant,
        error: String? = nil, token: Int64? = nil, until: Instant? = nil, rounds: Int? = nil
    ) {
        append(
            HistoryEvent(
                time: time.nanoseconds, process: .client(operation.process), type: type, f: operation.f, value: value,
                error: error, token: token, until: until?.nanoseconds, rounds: rounds, client: client))
    }

    /// A full disk loses the event, not the program: the checkers find the gap.
    private func append(_ event: HistoryEvent) {
        state.withLock { state in
            var event = event
            event.index = state.index
            state.index += 1
            guard let line = try? HistoryLine.encode(event) else { return }
            line.withUnsafeBytes { bytes in _ = Glibc.write(descriptor, bytes.baseAddress, bytes.count) }
        }
    }
}
