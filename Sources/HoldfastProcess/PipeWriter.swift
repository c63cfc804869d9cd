import CProcess
import Glibc

/// The standard input of a child. Writing waits while the pipe is full.
public final class PipeWriter: Sendable {
    private let pipe: Pipe

    init(_ descriptor: Int32) { pipe = Pipe(descriptor, toWrite: true) }

    /// Writes all of it. One task at a time may write.
    ///
    /// - Throws: `ProcessError.closedPipe` when the child has closed its end, `CancellationError`; part of the bytes
    ///   may have been written then.
    public func write(_ bytes: [UInt8]) async throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            try Task.checkCancellation()
            let written = pipe.ifOpen { descriptor in
                rest.withUnsafeBytes { cprocess_write(descriptor, $0.baseAddress, $0.count) }
            }
            switch written {
            case nil, -Int(EPIPE): throw ProcessError.closedPipe
            case -Int(EINTR): continue
            case -Int(EAGAIN): try await pipe.ready()
            case let count? where count >= 0: rest = rest.dropFirst(count)
            case let code?: throw ProcessError.system(operation: "writing to a process", errno: Int32(-code))
            }
        }
    }

    /// Writes all of a few bytes (at most 4096, which the kernel takes as a whole or not at all) without waiting.
    ///
    /// - Throws: `ProcessError.closedPipe`, or `.system` when the pipe is full.
    func offer(_ bytes: [UInt8]) throws(ProcessError) {
        precondition(bytes.count <= 4096, "more than this may be written in part")
        while true {
            let written = pipe.ifOpen { descriptor in
                bytes.withUnsafeBytes { cprocess_write(descriptor, $0.baseAddress, $0.count) }
            }
            switch written {
            case nil, -Int(EPIPE): throw .closedPipe
            case -Int(EINTR): continue
            case let count? where count >= 0: return
            case let code?: throw .system(operation: "writing to a process", errno: Int32(-code))
            }
        }
    }

    public func write(_ text: String) async throws { try await write(Array(text.utf8)) }

    /// Lets the child read the end of its input.
    public func close() { pipe.close() }
}
