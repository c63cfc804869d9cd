import Glibc
public import HoldfastRuntime

extension ChildProcess {
    /// Asks the child's whole group to end, ends by force after `grace` what is left of it, and returns once the child
    /// has ended and nothing of its group runs any more; what cannot be killed is given up after another second, except
    /// the child itself. Stopped processes are resumed so that they can follow. Cancellation of the caller changes
    /// nothing: this is clean-up.
    ///
    /// - Precondition: `Command.keepsGroup`, without which a child that ends first takes its group's name along.
    @discardableResult
    public func terminateGroup(grace: Duration, runtime: any Runtime = LiveRuntime()) async -> ExitStatus {
        precondition(command.keepsGroup, "a group that is not kept cannot be named after its leader's end")
        killGroup(.terminate)
        killGroup(.resume)
        let deadline = runtime.now.advanced(by: grace)
        let shielded = Task {  // tidy:allow seam because clean-up is shielded from the caller's cancellation
            // Nobody tells when a grandchild ends: it is looked for.
            while self.groupRuns, runtime.now < deadline { try? await runtime.sleep(for: .milliseconds(10)) }
            // What may not be signalled (it became another user) or hangs in the kernel is not waited for without end.
            let patience = runtime.now.advanced(by: .seconds(1))
            while self.groupRuns, runtime.now < patience {
                self.killGroup(.kill)
                try? await runtime.sleep(for: .milliseconds(1))
            }
            return await self.wait()
        }
        return await shielded.value
    }

    /// Whether any process of the child's group runs, itself or what it started. Says nothing after `releaseGroup`,
    /// when the group's number may belong to others.
    public var groupRuns: Bool {
        guard let directory = opendir("/proc") else { return isRunning }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let number = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { atoi($0) }
            }
            if let stat = ProcessStat(pid: number), !stat.hasEnded, stat.group == pid { return true }
        }
        return false
    }
}
