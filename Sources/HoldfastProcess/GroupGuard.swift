import Synchronization

/// Ends process groups by force when this process ends, however it ends: also by SIGKILL, when nothing of ours runs any
/// more.
///
/// `Command.diesWithParent` reaches a child, but not what the child has started. The guard is a shell in a session of
/// its own that reads from a pipe which groups there are; the end of the pipe is the end of this process, and then it
/// kills those that are left. It needs nothing but `sh`.
public actor GroupGuard {
    /// The last one is told of new groups. The others are those that two first calls at once have started: a guard that
    /// is dropped believes that this process has ended.
    private var shells: [ChildProcess] = []
    private var groups: Set<Int32> = []

    public init() {}

    private static let script = """
        live=' '
        while read -r sign group; do
            case $sign in
            +) live="$live$group " ;;
            -) case $live in *" $group "*) live="${live%% "$group" *} ${live#* "$group" }" ;; esac ;;
            esac
        done
        for group in $live; do kill -s KILL -- "-$group" 2>/dev/null; done
        """

    /// From here on the child's group does not outlive this process. What the child has started before it was called
    /// and left its group is not known.
    ///
    /// - Precondition: the child leads a group that is kept (`Command.keepsGroup`), so its number stays its own.
    /// - Throws: `ProcessError` when no guard can be started; the child is then not protected.
    public func protect(_ child: ChildProcess) async throws(ProcessError) {
        precondition(child.command.keepsGroup, "a group that is not kept may be another's by the time of the kill")
        groups.insert(child.pid)
        do {
            try await tell("+ \(child.pid)\n")
        } catch {
            groups.remove(child.pid)
            throw error
        }
    }

    /// Forgets a group; call it before `ChildProcess.releaseGroup()`.
    public func release(_ child: ChildProcess) {
        guard groups.remove(child.pid) != nil else { return }
        // A guard that is gone has nothing to forget.
        for shell in shells { try? shell.input?.offer(Array("- \(child.pid)\n".utf8)) }
    }

    private func tell(_ line: String) async throws(ProcessError) {
        if let input = shells.last?.input, (try? input.offer(Array(line.utf8))) != nil { return }
        // The first one, or the guard was killed: begin anew, with all that there are now.
        var command = Command("sh", ["-c", Self.script])
        command.input = .pipe
        command.output = .null
        command.error = .null
        command.grouping = .ownSession
        command.diesWithParent = false
        let started = try await ChildProcess.start(command)
        guard let input = started.input else { preconditionFailure("a pipe was asked for") }
        for group in groups { try input.offer(Array("+ \(group)\n".utf8)) }
        shells.removeAll { !$0.isRunning }
        shells.append(started)
    }
}
