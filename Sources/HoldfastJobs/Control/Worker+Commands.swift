import HoldfastRedis
import HoldfastRuntime
import Synchronization

extension Worker {
    /// Obeys RQ's commands until the task is cancelled. They are not kept for a worker that does not listen; what must
    /// not be missed (``JobAdministration/stop(_:)``) is written to Redis besides.
    func obeyCommands() async {
        let subscriber = client.subscriber()
        for await event in subscriber.messages(on: keys.pubsub(name)) {
            guard case .message(let bytes) = event, let message = ControlMessage(bytes) else { continue }
            await obey(message)
        }
        // A cancelled task must still close its connection in order.
        try? await client.runtime.shielded { await subscriber.close() }
    }

    private func obey(_ message: ControlMessage) async {
        let running = state.withLock { $0.roster.running }
        switch message {
        case .shutdown: shutdown()
        case .killHorse: for execution in running { interrupt(execution, .killed) }
        case .stopJob(let job): await stop(running.filter { $0.job == job })
        case .stopExecution(let job, let id): await stop(running.filter { $0.job == job && $0.id == id })
        }
    }

    /// Records the end first, so that the handler's own outcome comes too late, then cancels the handler.
    private func stop(_ executions: [Execution]) async {
        let reason = JobResult.encode(failure: JobAdministration.stopReason)
        for execution in executions {
            do {
                let reply = try await client.run(
                    JobScripts.stop, keys: [],
                    arguments: [
                        prefix, RedisArgument(execution.job.text), RedisArgument(execution.id), 0,
                        RedisArgument(reason),
                    ], idempotent: true)
                // Another end was first, or the job is gone: there is nothing to stop, and nothing to go on for.
                interrupt(execution, JobAdministration.stops(reply).isEmpty ? .leaseLost : .stopped)
            } catch {
                // Not recorded, so not stopped: whoever asked sees the job go on, and may ask again.
                note(.troubled(error))
            }
        }
    }
}
