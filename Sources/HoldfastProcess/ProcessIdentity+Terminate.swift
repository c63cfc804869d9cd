public import HoldfastRuntime

extension ProcessIdentity {
    /// Asks it to end, ends it by force after `grace`, and returns once it has ended. A stopped process is resumed so
    /// that it can follow. Cancellation of the caller changes nothing: this is clean-up.
    public func terminate(grace: Duration, runtime: any Runtime = LiveRuntime()) async {
        signal(.terminate)
        signal(.resume)
        let shielded = Task {  // tidy:allow seam because clean-up is shielded from the caller's cancellation
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    try? await runtime.sleep(for: grace)
                    if !Task.isCancelled { signal(.kill) }
                }
                // Nobody cancels this task.
                try? await waitForEnd()
                group.cancelAll()
            }
        }
        await shielded.value
    }
}
