import HoldfastLocks

/// One file and the records beside it: the adapter's atomic steps, as blocking calls.
///
/// Beside `NAME` lies the directory `.NAME.holdfast` with
/// - `lock`: never replaced; whoever has it locked may change the rest,
/// - `log`: the fence, the number of writes and the idempotency records, see ``FenceLog``,
/// - `value.N`: the content of write N, until it has become the file itself.
///
/// A write is one atomic step although two files change: the content is written and synced as `value.N`, then the log
/// gets the line that says so. That line is the commit: without it `value.N` means nothing, with it whoever comes next
/// finishes the renaming before anything else.
struct FileSeat: Sendable {
    /// What is remembered between the steps of one handle; read again where others have added to it.
    struct Memory: Sendable {
        var log = FenceLog()
        var inode: UInt64?
    }

    /// A step that failed, and what is known of its effect.
    enum Failure: Error {
        case refused(ResourceError)
        case failed(FileFailure, StoreError.Outcome)
        case fault(FenceLog.Fault)
        case full(keys: Int)
        case notAFile
    }

    let path: String
    let calls: any FileCalls
    let directory: String
    let side: String

    init(path: String, calls: any FileCalls) {
        self.path = path
        self.calls = calls
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let name = slash.map { path[path.utf8.index(after: $0)...] } ?? path[...]
        let parent = slash.map { path[...$0] } ?? "./"
        directory = String(parent)
        side = "\(parent).\(name).holdfast"
    }

    private var logPath: String { "\(side)/log" }
    private var newLogPath: String { "\(side)/log.new" }
    private func valuePath(_ sequence: Int64) -> String { "\(side)/value.\(sequence)" }

    /// Runs a step under the lock, with everything as an earlier crash should have left it.
    /// - Returns: Nil when another has the lock.
    func step<Value>(
        _ memory: inout Memory, _ body: (inout Memory) throws(Failure) -> Value
    ) throws(Failure) -> Value? {
        let descriptor = try attempt { () throws(FileFailure) in
            if try calls.status(side) == nil {
                try calls.makeDirectory(side)
                try calls.sync(directory)
            }
            return try calls.lock("\(side)/lock")
        }
        guard let descriptor else { return nil }
        defer { calls.unlock(descriptor) }
        try load(&memory)
        try finish(memory.log.sequence)
        return try body(&memory)
    }

    /// The value as it is under the file's name. One that was there before the first write is a value too.
    func value() throws(Failure) -> [UInt8]? {
        try attempt { () throws(FileFailure) in
            try calls.status(path) == nil ? nil : try calls.read(path, from: 0)
        }
    }

    func raise(to token: FencingToken, _ memory: inout Memory) throws(Failure) {
        guard token.rawValue > memory.log.fence else { return }
        try append(FenceLog.raised(to: token.rawValue), &memory)
    }

    func write(
        _ value: [UInt8], _ record: FenceLog.Record, key: [UInt8], now: Int64, _ memory: inout Memory
    ) throws(Failure) {
        if memory.log.isWorthTidying(now: now) { try tidy(&memory, now: now) }
        let content = valuePath(record.sequence)
        do {
            try attempt { () throws(FileFailure) in
                try calls.write(content, value, mode: try calls.status(path)?.mode)
                try calls.sync(content)
                // The name too: the log's line must never survive what it names.
                try calls.sync(side)
            }
            try append(FenceLog.written(record, key: key), &memory)
        } catch {
            // Without its line in the log it is only in the way.
            if case .failed(_, .notWritten) = error { try? calls.remove(content) }
            throw error
        }
        try finish(record.sequence)
    }

    // MARK: -

    private func load(_ memory: inout Memory) throws(Failure) {
        let found = try attempt { () throws(FileFailure) in try calls.status(logPath) }
        guard let found else {
            try replaceLog(FenceLog.blank, &memory)
            return
        }
        if found.inode != memory.inode || found.size < memory.log.size { memory = Memory(inode: found.inode) }
        guard found.size > memory.log.size else { return }
        let from = memory.log.size
        let bytes = try attempt { () throws(FileFailure) in try calls.read(logPath, from: from) }
        do throws(FenceLog.Fault) {
            try memory.log.read(bytes)
            if memory.log.lines == 0 { throw .damaged(line: 1) }
        } catch {
            memory = Memory()
            throw .fault(error)
        }
    }

    /// Gives the last write's content its name, if a crash or a failure came between.
    private func finish(_ sequence: Int64) throws(Failure) {
        do throws(FileFailure) {
            if let found = try calls.status(path), !found.isRegular { throw FileFailure("rename", path, 0) }
            guard sequence > 0, try calls.status(valuePath(sequence)) != nil else { return }
            try calls.rename(valuePath(sequence), to: path)
            try calls.sync(directory)
        } catch {
            if error.errno == 0 { throw .notAFile }
            // The log's line is there: the write stands.
            throw .failed(error, .unknown)
        }
    }

    private func append(_ line: [UInt8], _ memory: inout Memory) throws(Failure) {
        let end = memory.log.size
        do throws(FileFailure) {
            try calls.append(logPath, at: end, line)
            try calls.sync(logPath)
        } catch {
            // Nobody has read the line, for the lock is ours. If it cannot be taken back, it may be found later.
            do throws(FileFailure) {
                try calls.truncate(logPath, to: end)
                try calls.sync(logPath)
            } catch _ {
                memory = Memory()
                throw .failed(error, .unknown)
            }
            throw .failed(error, .notWritten)
        }
        do throws(FenceLog.Fault) { try memory.log.read(line) } catch { throw .fault(error) }
    }

    private func tidy(_ memory: inout Memory, now: Int64) throws(Failure) {
        try replaceLog(memory.log.tidied(now: now), &memory)
    }

    private func replaceLog(_ bytes: [UInt8], _ memory: inout Memory) throws(Failure) {
        let found: FileStatus?
        do throws(FileFailure) {
            try calls.write(newLogPath, bytes, mode: nil)
            try calls.sync(newLogPath)
            try calls.rename(newLogPath, to: logPath)
            try calls.sync(side)
            found = try calls.status(logPath)
        } catch {
            // Both logs say the same: whichever has the name now, nothing was changed.
            try? calls.remove(newLogPath)
            memory = Memory()
            throw .failed(error, .notWritten)
        }
        memory = Memory(inode: found?.inode)
        do throws(FenceLog.Fault) { try memory.log.read(bytes) } catch { throw .fault(error) }
    }

    private func attempt<Value>(_ body: () throws(FileFailure) -> Value) throws(Failure) -> Value {
        do throws(FileFailure) { return try body() } catch { throw .failed(error, .notWritten) }
    }
}
