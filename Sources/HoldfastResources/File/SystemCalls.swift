import Glibc

/// The kernel itself.
package struct SystemCalls: FileCalls {
    package init() {}

    package func lock(_ path: String) throws(FileFailure) -> Int32? {
        let descriptor = try open(path, O_RDWR | O_CREAT)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            close(descriptor)
            if reason == EWOULDBLOCK || reason == EINTR { return nil }
            throw FileFailure("flock", path, reason)
        }
        // A file that was replaced meanwhile locks nobody out who opens the new one.
        var mine = stat()
        guard fstat(descriptor, &mine) == 0, try status(path)?.inode == UInt64(mine.st_ino) else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    package func unlock(_ descriptor: Int32) { close(descriptor) }

    package func status(_ path: String) throws(FileFailure) -> FileStatus? {
        var found = stat()
        guard lstat(path, &found) == 0 else {
            if errno == ENOENT { return nil }
            throw FileFailure("stat", path, errno)
        }
        return FileStatus(
            isRegular: found.st_mode & S_IFMT == S_IFREG, size: Int(found.st_size), inode: UInt64(found.st_ino),
            mode: found.st_mode & 0o7777)
    }

    package func read(_ path: String, from offset: Int) throws(FileFailure) -> [UInt8] {
        let descriptor = try open(path, O_RDONLY | O_NOFOLLOW)
        defer { close(descriptor) }
        var found = stat()
        guard fstat(descriptor, &found) == 0 else { throw FileFailure("stat", path, errno) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(max(0, Int(found.st_size) - offset))
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = pread(descriptor, &chunk, chunk.count, off_t(offset + bytes.count))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileFailure("read", path, errno) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }

    package func makeDirectory(_ path: String) throws(FileFailure) {
        guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw FileFailure("mkdir", path, errno) }
    }

    package func write(_ path: String, _ bytes: [UInt8], mode: UInt32?) throws(FileFailure) {
        let descriptor = try open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
        defer { close(descriptor) }
        if let mode, fchmod(descriptor, mode) != 0 { throw FileFailure("chmod", path, errno) }
        try write(bytes, to: descriptor, at: 0, path)
    }

    package func append(_ path: String, at offset: Int, _ bytes: [UInt8]) throws(FileFailure) {
        let descriptor = try open(path, O_WRONLY | O_NOFOLLOW)
        defer { close(descriptor) }
        guard ftruncate(descriptor, off_t(offset)) == 0 else { throw FileFailure("truncate", path, errno) }
        try write(bytes, to: descriptor, at: offset, path)
    }

    package func truncate(_ path: String, to size: Int) throws(FileFailure) {
        guard Glibc.truncate(path, off_t(size)) == 0 else { throw FileFailure("truncate", path, errno) }
    }

    package func sync(_ path: String) throws(FileFailure) {
        let descriptor = try open(path, O_RDONLY)
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileFailure("fsync", path, errno) }
    }

    package func rename(_ path: String, to target: String) throws(FileFailure) {
        guard Glibc.rename(path, target) == 0 else { throw FileFailure("rename", target, errno) }
    }

    package func remove(_ path: String) throws(FileFailure) {
        guard unlink(path) == 0 || errno == ENOENT else { throw FileFailure("unlink", path, errno) }
    }

    private func open(_ path: String, _ flags: Int32) throws(FileFailure) -> Int32 {
        let descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw FileFailure("open", path, errno) }
        return descriptor
    }

    private func write(_ bytes: [UInt8], to descriptor: Int32, at start: Int, _ path: String) throws(FileFailure) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                pwrite(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(start + done))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileFailure("write", path, count == 0 ? EIO : errno) }
            done += count
        }
    }
}
