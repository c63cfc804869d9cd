import CProcess
import Glibc

/// The descriptors of a start: three for the child, which are closed here once it has them, and our ends of the pipes.
struct StandardStreams {
    /// For 0, 1, 2 of the child; -1 is /dev/null.
    private(set) var childs: [Int32] = [-1, -1, -1]
    private var owned: [Int32] = []
    private(set) var input: Int32?
    private(set) var output: Int32?
    private(set) var error: Int32?

    mutating func open(_ command: Command) throws(ProcessError) {
        input = try open(command.input, as: 0)
        output = try open(command.output, as: 1)
        error = try open(command.error, as: 2)
    }

    /// Returns our end if it is a pipe.
    private mutating func open(_ stream: Command.Stream, as index: Int32) throws(ProcessError) -> Int32? {
        switch stream {
        case .null:
            return nil
        case .inherit:
            // A parent without that stream has nothing to give.
            childs[Int(index)] = fcntl(index, F_GETFD) >= 0 ? index : -1
            return nil
        case .file(let path):
            let flags = index == 0 ? O_RDONLY : O_WRONLY | O_APPEND | O_CREAT
            let descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o600)
            if descriptor < 0 { throw .stream(path: path, errno: errno) }
            owned.append(descriptor)
            childs[Int(index)] = descriptor
            return nil
        case .pipe:
            var ends: [Int32] = [-1, -1]
            let code = cprocess_pipe(&ends)
            if code != 0 { throw .system(operation: "opening a pipe", errno: code) }
            let (ours, childs) = index == 0 ? (ends[1], ends[0]) : (ends[0], ends[1])
            _ = fcntl(ours, F_SETFL, fcntl(ours, F_GETFL) | O_NONBLOCK)
            owned.append(childs)
            self.childs[Int(index)] = childs
            return ours
        }
    }

    mutating func closeChilds() {
        for descriptor in owned { close(descriptor) }
        owned = []
    }

    mutating func closeAll() {
        closeChilds()
        for descriptor in [input, output, error] {
            if let descriptor { close(descriptor) }
        }
        (input, output, error) = (nil, nil, nil)
    }
}
