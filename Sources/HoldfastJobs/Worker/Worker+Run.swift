import HoldfastRedis
import HoldfastRuntime
import Synchronization

extension Worker {
    /// Works until ``shutdown()``, or in burst mode until there is nothing to do. Owns all of its tasks: when it
    /// returns, every handler has ended. A handler that ignores its cancellation therefore delays the return, though
    /// not its job, which is given back after ``WorkerConfiguration/unwinding``.
    ///
    /// Cancelling the calling task is a shutdown at once; what must be written is still written.
    /// - Throws: ``JobsError`` with `nameInUse`, also later when its record was gone (it stood still, or the server has
    ///   lost its data) and another worker has taken its name, which is a shutdown at once; `redis` when the server
    ///   cannot be reached at the start. Later failures of the server are waited out.
    /// - Precondition: called once.
    public func run() async throws(JobsError) {
        let isFirst = state.withLock { state in
            defer { state.hasRun = true }
            return !state.hasRun
        }
        precondition(isFirst, "a worker runs once; make a new one")
        try await register()
        note(.started(name: name))
        state.withLock { $0.roster.idleSince = client.runtime.now }
        await withTaskCancellationHandler {
            // What a cancelled worker has to write (outcomes, jobs given back) must not be dropped on the way.
            try? await client.runtime.shielded { await self.work() }
        } onCancel: {
            shutdown(atOnce: true)
        }
        note(.stopped)
        if state.withLock({ $0.isReplaced }) {
            throw JobsError(
                .nameInUse,
                "another worker has registered as \(name) while this one did not answer: this one has given back its "
                    + "jobs and ended; give each worker a name of its own, or none")
        }
    }

    private func work() async {
        await withTaskGroup(of: Void.self) { services in
            services.addTask { await self.renewLeases() }
            services.addTask { await self.maintain() }
            services.addTask { await self.sendHeartbeats() }
            services.addTask { await self.obeyCommands() }
            services.addTask { await self.meta.run() }
            services.addTask { await self.endGrace() }
            services.addTask { await self.keepTime() }
            for watcher in watchers { services.addTask { await watcher.run(self.lookAgain) } }
            await withDiscardingTaskGroup { runners in await pump(&runners) }
            services.cancelAll()
        }
        await deregister()
    }

    /// The loop: whatever ended while the last round trip was under way travels with the next, which takes the next
    /// jobs as well. One at a time, so a batch grows with the time that a round trip takes.
    private func pump(_ runners: inout DiscardingTaskGroup) async {
        let runtime = client.runtime
        // Whether every take was answered: one whose reply was lost may have claimed jobs that nobody here knows of.
        var isCertain = true
        var arrivals: [Execution] = []
        while true {
            let now = runtime.now
            let (beginning, step, untold, parted) = state.withLock {
                ($0.roster.begin(now), $0.roster.step(now), $0.roster.takeUntold(), $0.roster.takeParted())
            }
            for execution in arrivals { note(.taken(execution.info)) }
            arrivals = []
            for event in untold { note(event) }
            for (runner, execution) in beginning.beginners {
                runners.addTask { await self.serve(runner, execution) }
            }
            if beginning.alarmed { alarm.ring() }
            if !parted.isEmpty { await giveUp(parted) }
            switch step {
            case .end: return
            case .wait(let deadline): await bell.wait(until: deadline, runtime)
            case .trip(let completions, let count):
                if let error = await travel(completions, take: count, &arrivals, &isCertain) {
                    note(.troubled(error))
                    try? await runtime.sleep(for: .milliseconds(20) + runtime.jitter(upTo: .milliseconds(250)))
                }
            }
        }
    }

    /// Turns a draining worker into a stopping one when its grace is over.
    private func endGrace() async {
        guard await draining.value() != nil else { return }
        do { try await client.runtime.sleep(for: configuration.grace) } catch { return }
        shutdown(atOnce: true)
    }
}
