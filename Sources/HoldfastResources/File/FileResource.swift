import HoldfastDigest
public import HoldfastLocks
public import HoldfastRuntime
import NIOPosix
import Synchronization

/// A fenced value in a file: its content is the value.
///
/// Whoever opens the file by its name sees a whole value, an old or a new one, at any time and without asking us. The
/// fence and the idempotency records lie beside it in `.NAME.holdfast`, and belong to it: without that directory the
/// fence is forgotten. Programs on one machine may share the file; `flock` lets one change it at a time. A write is
/// synced before it returns.
///
/// Not fenced: what is written to the file by other means. Hard links to the file keep the old value, its permission
/// bits stay, its owner becomes the writer. Use a local disk.
public struct FileResource: FencedResource {
    public let name: String
    public let path: String
    private let seat: FileSeat
    private let memory = MemoryBox()
    private let line = TaskLine()
    private let retention: Duration
    private let keyLimit: Int
    private let patience: Duration
    private let runtime: any Runtime

    private final class MemoryBox: Sendable {
        let value = Mutex(FileSeat.Memory())
    }

    /// - Parameters:
    ///   - path: Of the file, which need not exist; its directory must, and must be writable. The last part has at most
    ///     245 bytes. A file that exists is the value that the first holder reads.
    ///   - name: How errors call it; the path by default.
    ///   - retention: How long idempotency keys are remembered, by the machine's civil time: 1 second to 36500 days.
    ///   - keyLimit: Most keys remembered at once, 1 to 1 000 000; a write beyond it is refused as `full` until one
    ///     expires. They are kept in memory too.
    ///   - patience: How long to wait while other programs write.
    public init(
        _ path: String, name: String? = nil, retention: Duration = .seconds(7 * 86_400), keyLimit: Int = 100_000,
        patience: Duration = .seconds(30), runtime: any Runtime = LiveRuntime()
    ) throws(ResourceError) {
        try self.init(
            path, name: name, retention: retention, keyLimit: keyLimit, patience: patience, runtime: runtime,
            calls: SystemCalls())
    }

    package init(
        _ path: String, name: String? = nil, retention: Duration = .seconds(7 * 86_400), keyLimit: Int = 100_000,
        patience: Duration = .seconds(30), runtime: any Runtime = LiveRuntime(), calls: any FileCalls
    ) throws(ResourceError) {
        if let name { try ResourceBounds.check(name: name) }
        try ResourceBounds.check(retention: retention)
        guard (1...1_000_000).contains(keyLimit) else { throw .invalid("1 to 1000000 keys can be remembered") }
        guard !path.utf8.contains(0) else { throw .invalid("a path has no NUL") }
        let last = path.utf8.reversed().prefix { $0 != UInt8(ascii: "/") }.count
        guard (1...245).contains(last), path.utf8.count <= 3840 else {
            throw .invalid("the last part of a path has 1 to 245 bytes, and all of it at most 3840")
        }
        guard !["", ".", ".."].contains(path.split(separator: "/").last) else {
            throw .invalid("the path names a directory: name a file in it")
        }
        self.name = name ?? path
        self.path = path
        self.retention = retention
        self.keyLimit = keyLimit
        self.patience = patience
        self.runtime = runtime
        seat = FileSeat(path: path, calls: calls)
    }

    public func raise(to token: FencingToken) async throws(ResourceError) -> [UInt8]? {
        try ResourceBounds.check(token)
        return try await step { memory throws(FileSeat.Failure) in
            try check(token, memory)
            try seat.raise(to: token, &memory)
            return try seat.value()
        }
    }

    public func read(_ token: FencingToken) async throws(ResourceError) -> [UInt8]? {
        try ResourceBounds.check(token)
        return try await step { memory throws(FileSeat.Failure) in
            try check(token, memory)
            return try seat.value()
        }
    }

    public func apply(
        _ value: [UInt8], token: FencingToken, key: IdempotencyKey
    ) async throws(ResourceError) -> WriteReceipt {
        try ResourceBounds.check(token)
        try ResourceBounds.check(valueBytes: value.count)
        let now = runtime.wallTime.microseconds / 1_000_000
        let id = Array(key.text.utf8)
        let expires = now + (retention.milliseconds + 999) / 1000
        return try await step { memory throws(FileSeat.Failure) in
            let digest = SHA256.digest(of: value)
            if let first = memory.log.records[id], first.expires > now {
                guard first.digest == digest else { throw .refused(.keyReused(key: key.text)) }
                return WriteReceipt(
                    token: FencingToken(rawValue: first.token), sequence: first.sequence, isReplay: true)
            }
            try check(token, memory)
            if memory.log.records.count >= keyLimit,
                memory.log.records.values.count(where: { $0.expires > now }) >= keyLimit
            {
                throw .full(keys: keyLimit)
            }
            let record = FenceLog.Record(
                sequence: memory.log.sequence + 1, token: token.rawValue, expires: expires, digest: digest)
            try seat.write(value, record, key: id, now: now, &memory)
            return WriteReceipt(token: token, sequence: record.sequence, isReplay: false)
        }
    }

    // MARK: -

    private func check(_ token: FencingToken, _ memory: FileSeat.Memory) throws(FileSeat.Failure) {
        let fence = FencingToken(rawValue: memory.log.fence)
        if token < fence { throw .refused(.stale(resource: name, token: token, fence: fence)) }
    }

    /// Runs a step when it is this task's turn and no other program has the lock.
    private func step<Value: Sendable>(
        _ body: @escaping @Sendable (inout FileSeat.Memory) throws(FileSeat.Failure) -> Value
    ) async throws(ResourceError) -> Value {
        let deadline = runtime.now.advanced(by: patience)
        guard await line.enter() else { throw cancelled }
        defer { line.leave() }
        while true {
            let outcome: Result<Value?, FileSeat.Failure>
            do {
                // The calls block, so not on a thread of Swift's pool.
                outcome = try await NIOThreadPool.singleton.runIfActive { [seat, memory] in
                    memory.value.withLock { memory in
                        Result { () throws(FileSeat.Failure) in try seat.step(&memory, body) }
                    }
                }
            } catch {
                throw .unavailable(StoreError(.failed, .unknown, "\(error)", at: path))
            }
            switch outcome {
            case .success(.some(let value)): return value
            case .failure(let failure): throw resourceError(failure)
            case .success(.none): break
            }
            guard runtime.now < deadline else {
                throw .unavailable(StoreError(.busy, .notWritten, "other programs kept it locked", at: path))
            }
            do { try await runtime.sleep(for: runtime.jitter(upTo: .milliseconds(10))) } catch { throw cancelled }
        }
    }

    private var cancelled: ResourceError {
        .unavailable(StoreError(.cancelled, .notWritten, "cancelled while it waited for its turn", at: path))
    }

    private func resourceError(_ failure: FileSeat.Failure) -> ResourceError {
        switch failure {
        case .refused(let error): error
        case .failed(let failure, let outcome): .unavailable(StoreError(failure, outcome))
        case .full(let keys):
            .unavailable(
                StoreError(
                    .full, .notWritten,
                    "\(keys) idempotency keys are remembered, the most allowed: shorten the retention or allow more",
                    at: path))
        case .fault(.damaged(let line)):
            .unavailable(
                StoreError(.damaged, .notWritten, "line \(line) of the log is damaged: restore it", at: seat.side))
        case .fault(.newer(let version)):
            .unavailable(
                StoreError(
                    .newer, .notWritten, "the log has version \(version), this program knows \(FenceLog.version)",
                    at: seat.side))
        case .notAFile: .invalid("\(path) is a directory, link or device: name a plain file")
        }
    }
}
