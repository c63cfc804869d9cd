import Foundation
import HoldfastResources
import Synchronization

/// The kernel's calls with one fault: a call that fails, a program that dies, a machine that loses its power.
///
/// It keeps a second view of the two directories, with only what was synced: what a disk holds after a loss of power in
/// the worst case. Content that was never synced is empty then, a name that was not synced is not there.
final class FaultyCalls: FileCalls {
    enum Fault: Sendable, Hashable {
        case none
        /// The call fails with this errno, half done.
        case failure(at: Int, errno: Int32)
        /// The program ends in the middle of the call.
        case death(at: Int)
    }

    /// A protection that is missing, for tests that show what it is for.
    enum Flaw: Sendable, Hashable {
        case contentIsNotSynced, namesAreNotSynced, nobodyFinishes, nobodyLocks
    }

    static let died: Int32 = -1

    private struct State {
        var calls = 0
        var isDead = false
        var contents: [UInt64: [UInt8]] = [:]
        var names: [String: [String: UInt64]] = [:]
    }

    let base = SystemCalls()
    let fault: Fault
    let flaw: Flaw?
    private let state = Mutex(State())

    init(_ fault: Fault = .none, flaw: Flaw? = nil) {
        self.fault = fault
        self.flaw = flaw
    }

    var callsMade: Int { state.withLock { $0.calls } }

    /// Whether the fault's call came.
    var happened: Bool {
        switch fault {
        case .none: false
        case .failure(let number, _), .death(let number): state.withLock { $0.calls >= number }
        }
    }

    /// - Returns: Whether the call is to be done halfway before it fails with the error.
    private func enter(_ call: String, _ path: String) throws(FileFailure) -> FileFailure? {
        try state.withLock { state throws(FileFailure) in
            if state.isDead { throw FileFailure(call, path, Self.died) }
            state.calls += 1
            switch fault {
            case .failure(let number, let errno) where number == state.calls: return FileFailure(call, path, errno)
            case .death(let number) where number == state.calls:
                state.isDead = true
                return FileFailure(call, path, Self.died)
            default: return nil
            }
        }
    }

    private func perform(_ call: String, _ path: String, _ body: () throws(FileFailure) -> Void) throws(FileFailure) {
        if let failure = try enter(call, path) { throw failure }
        try body()
    }

    func lock(_ path: String) throws(FileFailure) -> Int32? {
        if let failure = try enter("lock", path) { throw failure }
        if flaw == .nobodyLocks { return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666) }
        return try base.lock(path)
    }

    func unlock(_ descriptor: Int32) { base.unlock(descriptor) }

    func status(_ path: String) throws(FileFailure) -> FileStatus? {
        if state.withLock({ $0.isDead }) { throw FileFailure("stat", path, Self.died) }
        if flaw == .nobodyFinishes, path.contains("/value.") { return nil }
        return try base.status(path)
    }

    func read(_ path: String, from offset: Int) throws(FileFailure) -> [UInt8] {
        if let failure = try enter("read", path) { throw failure }
        return try base.read(path, from: offset)
    }

    func makeDirectory(_ path: String) throws(FileFailure) {
        try perform("mkdir", path) { () throws(FileFailure) in try base.makeDirectory(path) }
    }

    func write(_ path: String, _ bytes: [UInt8], mode: UInt32?) throws(FileFailure) {
        let failure = try enter("write", path)
        try base.write(path, failure == nil ? bytes : Array(bytes.prefix(bytes.count / 2)), mode: mode)
        forgetContent(of: path)
        if let failure { throw failure }
    }

    func append(_ path: String, at offset: Int, _ bytes: [UInt8]) throws(FileFailure) {
        let failure = try enter("append", path)
        try base.append(path, at: offset, failure == nil ? bytes : Array(bytes.prefix(bytes.count / 2)))
        if let failure { throw failure }
    }

    func truncate(_ path: String, to size: Int) throws(FileFailure) {
        try perform("truncate", path) { () throws(FileFailure) in try base.truncate(path, to: size) }
    }

    func rename(_ path: String, to target: String) throws(FileFailure) {
        try perform("rename", path) { () throws(FileFailure) in try base.rename(path, to: target) }
    }

    func remove(_ path: String) throws(FileFailure) {
        try perform("unlink", path) { () throws(FileFailure) in try base.remove(path) }
    }

    func sync(_ path: String) throws(FileFailure) {
        if let failure = try enter("fsync", path) { throw failure }
        try base.sync(path)
        guard let found = try base.status(path) else { return }
        if found.isRegular {
            let bytes = try base.read(path, from: 0)
            if flaw != .contentIsNotSynced { state.withLock { $0.contents[found.inode] = bytes } }
        } else if flaw != .namesAreNotSynced {
            let names = Self.names(in: path)
            state.withLock { state in
                // What moved here is gone there: a renaming is one step for the disk too.
                for (other, old) in state.names {
                    state.names[other] = old.filter { name, inode in
                        !names.values.contains(inode) || Self.names(in: other)[name] == inode
                    }
                }
                state.names[Self.key(path)] = names
            }
        }
    }

    /// Leaves in the directory what would be found after a loss of power now.
    func losePower(in directory: String) throws {
        let (names, contents) = state.withLock { ($0.names, $0.contents) }
        let side = Self.names(in: directory).keys.filter { $0.hasSuffix(".holdfast") }.map { "\(directory)/\($0)" }
        for place in side + [directory] {
            let durable = names[Self.key(place)] ?? [:]
            for name in Self.names(in: place).keys where !side.contains("\(place)/\(name)") {
                try FileManager.default.removeItem(atPath: "\(place)/\(name)")
            }
            for (name, inode) in durable where !side.contains("\(place)/\(name)") {
                try Data(contents[inode] ?? []).write(to: URL(filePath: "\(place)/\(name)"))
            }
        }
    }

    private func forgetContent(of path: String) {
        guard let inode = try? base.status(path)?.inode else { return }
        state.withLock { $0.contents[inode] = nil }
    }

    private static func key(_ path: String) -> String { path.hasSuffix("/") ? String(path.dropLast()) : path }

    private static func names(in path: String) -> [String: UInt64] {
        let found = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return Dictionary(
            uniqueKeysWithValues: found.compactMap { name in
                (try? SystemCalls().status(key(path) + "/" + name)).flatMap { $0 }.map { (name, $0.inode) }
            })
    }
}
