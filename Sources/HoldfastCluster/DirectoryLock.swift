import Glibc

/// An exclusive hold on a cluster's directory, kept by the kernel until this value is gone or its process ends.
final class DirectoryLock: Sendable {
    private let descriptor: Int32

    /// - Throws: `ClusterError.inUse` when another process, or another cluster of this one, holds it.
    init(directory: String) throws(ClusterError) {
        let path = directory + "/lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if descriptor < 0 { throw .directory(path: directory, reason: ClusterError.text(errno)) }
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let failure = errno
            let holder = Self.holder(descriptor)
            close(descriptor)
            if failure == EWOULDBLOCK { throw .inUse(path: directory, by: holder) }
            throw .directory(path: directory, reason: ClusterError.text(failure))
        }
        self.descriptor = descriptor
        // For people and for the message above; the lock itself does not depend on it.
        ftruncate(descriptor, 0)
        let pid = "\(getpid())\n"
        _ = pid.withCString { pwrite(descriptor, $0, strlen($0), 0) }
    }

    deinit {
        // Not by closing alone: a child that is being started elsewhere in this process holds a copy for a moment.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private static func holder(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        return Int32(text.split(whereSeparator: \.isWhitespace).first ?? "").map { "process \($0)" }
            ?? "another process"
    }
}
