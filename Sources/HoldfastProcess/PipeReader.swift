import Glibc

/// What a child writes. The kernel's pipe, 64 KiB, is the only buffer: a child that writes too fast waits.
public final class PipeReader: Sendable {
    private let pipe: Pipe

    init(_ descriptor: Int32) { pipe = Pipe(descriptor) }

    /// The next bytes, at most `limit`; nil at the end, which comes when the last process that holds the pipe has
    /// closed it. One task at a time may read.
    ///
    /// - Throws: `CancellationError`; nothing that was read is lost.
    public func read(upTo limit: Int = 65536) async throws -> [UInt8]? {
        precondition(limit > 0, "reading no bytes would never end")
        while true {
            try Task.checkCancellation()
            var code: Int32 = 0
            let bytes = pipe.ifOpen { descriptor in
                [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
                    let got = Glibc.read(descriptor, buffer.baseAddress, limit)
                    if got < 0 { code = errno }
                    count = max(0, got)
                }
            }
            guard let bytes else { return nil }
            if code == 0 { return bytes.isEmpty ? nil : bytes }
            if code == EINTR { continue }
            if code != EAGAIN { throw ProcessError.system(operation: "reading from a process", errno: code) }
            try await pipe.ready()
        }
    }

    /// Everything up to the end.
    ///
    /// - Throws: `ProcessError.tooMuchOutput` beyond `limit` bytes, `CancellationError`.
    public func readAll(limit: Int = 1 << 20) async throws -> [UInt8] {
        var all: [UInt8] = []
        while let bytes = try await read() {
            all += bytes
            if all.count > limit { throw ProcessError.tooMuchOutput(limit: limit) }
        }
        return all
    }

    /// The lines, without their line feeds. A line longer than `limit` bytes comes in pieces of that size, so that no
    /// child can make this process grow.
    public func lines(limit: Int = 65536) -> PipeLines { PipeLines(reader: self, limit: limit) }

    /// Closes this end; the child's next write then fails.
    public func close() { pipe.close() }
}
