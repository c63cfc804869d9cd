import HoldfastRedis
import HoldfastRuntime
import Synchronization

extension Worker {
    /// Renews each lease three times a lease; a lost one interrupts its handler.
    func renewLeases() async {
        let runtime = client.runtime
        let interval = min(configuration.lease / 9, .seconds(1))
        while !Task.isCancelled {
            do { try await runtime.sleep(for: interval) } catch { return }
            while !Task.isCancelled {
                do {
                    try await renewOnce()
                    break
                } catch {
                    note(.troubled(error))
                    try? await runtime.sleep(for: min(configuration.lease / 10, .milliseconds(500)))
                }
            }
        }
    }

    private func renewOnce() async throws(RedisError) {
        let executions = state.withLock { $0.roster.renewable(client.runtime.now, lease: configuration.lease) }
        for start in stride(from: 0, to: executions.count, by: WorkerConfiguration.renewalBatch) {
            try await renew(executions[start..<min(start + WorkerConfiguration.renewalBatch, executions.count)])
        }
    }

    private func renew(_ executions: ArraySlice<Execution>) async throws(RedisError) {
        let sent = client.runtime.now
        let reply = try await client.run(
            JobScripts.renew, keys: [],
            arguments: [
                prefix, RedisArgument(name), RedisArgument(configuration.lease.milliseconds),
                RedisArgument(WorkerConfiguration.margin),
            ] + executions.flatMap { $0.address + [RedisArgument(RQTime.seconds($0.claimedAt))] },
            idempotent: true)
        guard let verdicts = reply.array, verdicts.count == executions.count else {
            throw RedisError(.unexpectedReply, .answered, "the renewal answered \(reply)", server: client.server)
        }
        for (execution, verdict) in zip(executions, verdicts) {
            if verdict.integer == 1 {
                execution.lease.extend(to: sent.advanced(by: configuration.lease))
            } else {
                interrupt(execution, .leaseLost)
            }
        }
    }

    /// Repairs expired executions and moves scheduled jobs that are due; any number of workers may do so.
    func maintain() async {
        while !Task.isCancelled {
            do { try await maintainOnce() } catch { note(.troubled(error)) }
            do { try await client.runtime.sleep(for: configuration.maintenanceInterval) } catch { return }
            state.withLock { $0.roster.relieve(client.runtime.now) }
            // Queues beyond those that are watched, and suspended ones, are looked at in this rhythm.
            lookAgain()
        }
    }

    private func maintainOnce() async throws(RedisError) {
        let limit = configuration.crashLimit
        let reason = JobResult.encode(
            failure: "the job was given up after \(limit) executions that ended with their worker lost or frozen "
                + "beyond its lease: look what it does to its workers, then requeue it")
        let batch = RedisArgument(WorkerConfiguration.maintenanceBatch)
        let repaired = try await client.run(
            JobScripts.repair, keys: [],
            arguments: [prefix, batch, RedisArgument(limit), RedisArgument(reason)] + argument(list: served))
        for recovery in (repaired.array ?? []).compactMap(Recovery.init) { note(.recovered(recovery)) }
        try await client.run(
            JobScripts.promote, keys: [], arguments: [prefix, batch] + argument(list: served), idempotent: true)
        let interval = RedisArgument(max(configuration.maintenanceInterval.milliseconds * 9 / 10, 1))
        try await client.run(JobScripts.refill, keys: [], arguments: [prefix, interval])
        try await client.run(JobScripts.sweep, keys: [], arguments: [prefix, 20, 3], idempotent: true)
    }
}
