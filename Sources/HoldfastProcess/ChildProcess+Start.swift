import CProcess
import Glibc

extension ChildProcess {
    /// Starts a process and returns once it runs its own code.
    ///
    /// - Throws: `ProcessError` when the executable is not found or cannot run, a stream or the directory cannot be
    ///   opened, or the kernel refuses. Nothing is left behind then.
    public static func start(_ command: Command) async throws(ProcessError) -> ChildProcess {
        let path = try Executable.find(command.executable)
        var streams = StandardStreams()
        do {
            try streams.open(command)
        } catch {
            streams.closeAll()
            throw error
        }
        let arguments = [command.executable] + command.arguments
        let environment = command.environment.entries()
        for text in arguments + environment + [command.directory ?? ""] where text.utf8.contains(0) {
            streams.closeAll()
            throw .nulByte(text)
        }

        let descriptors = streams.childs
        let started = await ProcessThread.shared.perform {
            start(command, path: path, arguments: arguments, environment: environment, streams: descriptors)
        }
        streams.closeChilds()
        guard started.failed == CPROCESS_STAGE_NONE else {
            streams.closeAll()
            throw failure(started, command: command, path: path)
        }
        return ChildProcess(
            pid: started.pid, pidfd: started.pidfd, command: command, input: streams.input.map(PipeWriter.init),
            output: streams.output.map(PipeReader.init), error: streams.error.map(PipeReader.init))
    }

    /// Runs on the process thread.
    private static func start(
        _ command: Command, path: String, arguments: [String], environment: [String], streams: [Int32]
    ) -> cprocess_started {
        withCStrings(arguments) { arguments in
            withCStrings(environment) { environment in
                path.withCString { path in
                    let directory = command.directory.map { strdup($0) } ?? nil
                    defer { free(directory) }
                    var request = cprocess_request(
                        path: path, arguments: arguments, environment: environment,
                        directory: UnsafePointer(directory), streams: (streams[0], streams[1], streams[2]),
                        own_group: command.grouping == .ownGroup, own_session: command.grouping == .ownSession,
                        dies_with_parent: command.diesWithParent)
                    return cprocess_start(&request)
                }
            }
        }
    }

    private static func withCStrings<Value>(
        _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Value
    ) -> Value {
        var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }
    }

    private static func failure(_ started: cprocess_started, command: Command, path: String) -> ProcessError {
        switch started.failed {
        case CPROCESS_STAGE_EXECUTE: .notExecutable(path: path, errno: started.error)
        case CPROCESS_STAGE_DIRECTORY: .directory(path: command.directory ?? "", errno: started.error)
        case CPROCESS_STAGE_GROUP: .system(operation: "giving '\(path)' a process group", errno: started.error)
        case CPROCESS_STAGE_PARENT: .system(operation: "tying '\(path)' to this process", errno: started.error)
        case CPROCESS_STAGE_STREAMS: .system(operation: "opening the streams of '\(path)'", errno: started.error)
        default: .system(operation: "starting '\(path)'", errno: started.error)
        }
    }
}
