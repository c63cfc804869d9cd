import HoldfastRedis
import HoldfastRuntime
import Synchronization

extension Worker {
    /// Works until ``shutdown()``, or in burst mode until there is nothing to do. Owns all of its tasks: when it
    /// returns, every handler has ended. A handler that ignores its cancellation therefore delays the return, though
    /// not its job, which is given back after ``WorkerConfiguration/unwinding``.
    ///
    /// Cancelling the calling task is a shutdown at once; what must be written is still written.
    /// - Throws: ``JobsError`` with `nameInUse`, or `redis` when the server cannot be reached at the start. Later
    ///   failures of the server are waited out.
    /// - Precondition: called once.
    public func run() async throws(JobsError) {
        let isFirst = state.withLock { state in
            defer { state.hasRun = true }
            return !state.hasRun
        }
        precondition(isFirst, "a worker runs once; make a new one")
        try await register()
        note(.started(name: name))
        await withTaskCancellationHandler {
            await work()
        } onCancel: {
            shutdown(atOnce: true)
        }
        await shielded { await self.deregister() }
        note(.stopped)
    }

    private func work() async {
        await withTaskGroup(of: Void.self) { services in
            services.addTask { await self.renewLeases() }
            services.addTask { await self.maintain() }
            services.addTask { await self.sendHeartbeats() }
            services.addTask { await self.obeyCommands() }
            services.addTask { await self.endGrace() }
            for watcher in watchers { services.addTask { await watcher.run(ringing: self.bell) } }
            await withDiscardingTaskGroup { jobs in await takeJobs(&jobs) }
            services.cancelAll()
        }
    }

    /// The loop: take as many jobs as there are free slots, and wait when there are none of either.
    private func takeJobs(_ jobs: inout DiscardingTaskGroup) async {
        var isCertain = true
        while true {
            switch state.withLock({ $0.roster.step(burst: configuration.burst) }) {
            case .end: return
            case .wait:
                await bell.wait()
                state.withLock { $0.roster.lookAgain() }
            case .take(let count):
                do {
                    // A take whose reply was lost may have claimed jobs that nobody here knows of.
                    if !isCertain { try await reconcile() }
                    isCertain = false
                    let taken = try await take(count)
                    isCertain = true
                    for execution in taken {
                        state.withLock { $0.roster.admit(execution) }
                        note(.taken(execution.info))
                        // A shutdown that came meanwhile has not seen this execution.
                        if state.withLock({ $0.roster.phase == .stopping }) { execution.interruption.give(.stopping) }
                        jobs.addTask { await self.execute(execution) }
                    }
                } catch {
                    note(.troubled(error))
                    let pause = Duration.milliseconds(50) + client.runtime.jitter(upTo: .milliseconds(250))
                    try? await client.runtime.sleep(for: pause)
                }
            }
        }
    }

    /// Claims up to `count` jobs. Finding fewer means that the queues are empty, or suspended.
    private func take(_ count: Int) async throws(RedisError) -> [Execution] {
        let runtime = client.runtime
        var arguments: [RedisArgument] = [
            prefix, RedisArgument(name), RedisArgument(configuration.lease.milliseconds),
            RedisArgument(WorkerConfiguration.margin), RedisArgument(count), RedisArgument(queues.count),
        ]
        arguments += argument(list: queues)
        for _ in 0..<count { arguments.append(RedisArgument(runtime.randomHex(bytes: 16))) }
        let sent = runtime.now
        let reply = try await client.run(JobScripts.take, keys: [], arguments: arguments)
        guard let parts = reply.array, parts.count >= 3, let startedAt = parts[2].text else {
            throw RedisError(.unexpectedReply, .answered, "the take script answered \(reply)", server: client.server)
        }
        let taken = parts.dropFirst(3).compactMap {
            Execution(
                $0, startedAt: startedAt,
                lease: ExecutionLease(deadline: sent.advanced(by: configuration.lease)))
        }
        let skipped = Int(parts[1].integer ?? 0)
        if skipped > 0 { note(.skipped(count: skipped)) }
        if taken.count < count && skipped == 0 {
            state.withLock { $0.roster.foundNothing() }
            // An entry that came after the script ran is there when the watcher asks: no wake-up is lost.
            // Under `rq suspend` the queues may be full: then only the tick of the maintenance looks again.
            if parts[0].integer != 1 { for watcher in watchers { watcher.arm() } }
        }
        return taken
    }

    func reconcile() async throws(RedisError) {
        let known = state.withLock { $0.roster.known }
        try await client.run(
            JobScripts.reconcile, keys: [],
            arguments: [prefix, RedisArgument(name), RedisArgument(queues.count)] + argument(list: queues)
                + known.map { RedisArgument($0) },
            idempotent: true)
    }

    /// Turns a draining worker into a stopping one when its grace is over.
    private func endGrace() async {
        guard await draining.value() != nil else { return }
        do { try await client.runtime.sleep(for: configuration.grace) } catch { return }
        shutdown(atOnce: true)
    }
}
