/// What the file adapter asks of the kernel: a seam, so that tests can fail or end a program at every single call.
package protocol FileCalls: Sendable {
    /// Opens a file for locking, created when missing, and locks it.
    /// - Returns: Its descriptor; nil when another has the lock.
    func lock(_ path: String) throws(FileFailure) -> Int32?
    /// Gives the lock back by closing the descriptor.
    func unlock(_ descriptor: Int32)
    /// Nil where there is nothing. Links are not followed.
    func status(_ path: String) throws(FileFailure) -> FileStatus?
    /// The bytes from `offset` on.
    func read(_ path: String, from offset: Int) throws(FileFailure) -> [UInt8]
    /// Creates the directory unless there is one.
    func makeDirectory(_ path: String) throws(FileFailure)
    /// Creates a file or empties it, and writes the bytes.
    func write(_ path: String, _ bytes: [UInt8], mode: UInt32?) throws(FileFailure)
    /// Cuts the file at `offset` and writes the bytes there.
    func append(_ path: String, at offset: Int, _ bytes: [UInt8]) throws(FileFailure)
    func truncate(_ path: String, to size: Int) throws(FileFailure)
    /// Makes the content of a file, or the names in a directory, survive a loss of power.
    func sync(_ path: String) throws(FileFailure)
    func rename(_ path: String, to target: String) throws(FileFailure)
    func remove(_ path: String) throws(FileFailure)
}

package struct FileStatus: Sendable, Hashable {
    package var isRegular: Bool
    package var size: Int
    package var inode: UInt64
    /// The permission bits.
    package var mode: UInt32
}

/// A call that the kernel refused.
package struct FileFailure: Error, Sendable, Hashable {
    package var call: String
    package var path: String
    package var errno: Int32

    package init(_ call: String, _ path: String, _ errno: Int32) {
        self.call = call
        self.path = path
        self.errno = errno
    }
}
