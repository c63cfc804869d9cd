import Glibc

/// Finds programs as a shell would.
public enum Executable {
    /// The path of `name`: itself if it contains a slash, else the first executable file in the directories of `path`.
    ///
    /// - Parameter path: colon-separated directories; nil takes the variable PATH.
    /// - Throws: `ProcessError.executableNotFound`, or `.notExecutable` for a path that is not an executable file.
    public static func find(_ name: String, path: String? = nil) throws(ProcessError) -> String {
        if name.contains("\0") { throw .nulByte(name) }
        if name.contains("/") {
            if let errno = unusable(name) {
                if errno == ENOENT { throw .executableNotFound(name, searched: []) }
                throw .notExecutable(path: name, errno: errno)
            }
            return name
        }
        let path = path ?? Environment.variable("PATH") ?? "/usr/local/bin:/usr/bin:/bin"
        let directories = path.split(separator: ":").map(String.init)
        for directory in directories where !name.isEmpty {
            let candidate = "\(directory)/\(name)"
            if unusable(candidate) == nil { return candidate }
        }
        throw .executableNotFound(name, searched: directories)
    }

    /// The errno that executing the file would meet, nil if it can be executed.
    private static func unusable(_ path: String) -> Int32? {
        var status = stat()
        if stat(path, &status) != 0 { return errno }
        if status.st_mode & S_IFMT != S_IFREG { return EACCES }
        return access(path, X_OK) == 0 ? nil : errno
    }
}
