import Foundation
import Glibc
import HoldfastProcess

/// What `cluster.json` in a cluster's directory says: enough to find, adopt and stop its servers.
struct ClusterState: Codable, Equatable {
    struct Member: Codable, Equatable {
        var name: String
        var role: MemberRole
        var port: Int
        /// Nil while it is not running.
        var process: ProcessIdentity?
    }

    static let currentVersion = 1

    var version = currentVersion
    var lifetime: ClusterLifetime
    var nodeFsync: AppendFsync
    var storeFsync: AppendFsync
    var members: [Member]

    static func path(in directory: String) -> String { directory + "/cluster.json" }

    /// Nil when there is none.
    static func load(from directory: String) throws(ClusterError) -> ClusterState? {
        let path = path(in: directory)
        let data: Data
        do { data = try Data(contentsOf: URL(filePath: path)) } catch {
            if access(path, F_OK) != 0, errno == ENOENT || errno == ENOTDIR { return nil }
            throw .unreadableState(path: path, reason: "it cannot be opened")
        }
        let state: ClusterState
        do { state = try JSONDecoder().decode(ClusterState.self, from: data) } catch {
            throw .unreadableState(path: path, reason: "it is not what this program writes")
        }
        guard state.version == currentVersion else {
            throw .unreadableState(path: path, reason: "it has version \(state.version), not \(currentVersion)")
        }
        return state
    }

    /// Replaces the file as one step that survives a power failure: new file, fsync, rename, fsync of the directory.
    func save(to directory: String) throws(ClusterError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let bytes: [UInt8]
        do { bytes = Array(try encoder.encode(self)) + [UInt8(ascii: "\n")] } catch {
            preconditionFailure("a cluster's state could not be encoded: \(error)")
        }
        let path = Self.path(in: directory)
        let temporary = path + ".new"
        func failed(_ code: Int32) -> ClusterError { .directory(path: directory, reason: ClusterError.text(code)) }

        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failed(errno) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let code = errno
                close(file)
                throw failed(code)
            }
            rest = rest.dropFirst(count)
        }
        let synced = fsync(file) == 0
        let code = errno
        close(file)
        guard synced else { throw failed(code) }
        guard rename(temporary, path) == 0 else { throw failed(errno) }
        let folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }
}

/// How long servers live.
public enum ClusterLifetime: String, Sendable, Hashable, Codable {
    /// As long as the process that started them, however it ends.
    case embedded
    /// Until they are stopped.
    case detached
}
