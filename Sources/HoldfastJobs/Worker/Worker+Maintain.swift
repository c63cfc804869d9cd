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
        guard let verdicts = reply.array, verdicts.count == executions.count + 1 else {
            throw RedisError(.unexpectedReply, .answered, "the renewal answered \(reply)", server: client.server)
        }
        for (execution, verdict) in zip(executions, verdicts.dropFirst()) {
            switch verdict.integer {
            case 1: execution.lease.extend(to: sent.advanced(by: configuration.lease))
            case 0: interrupt(execution, .leaseLost)
            // Neither: it ends with its time, unless another attempt succeeds.
            default: break
            }
        }
        tell(trouble: verdicts.first)
    }

    /// What a script says of keys that it could not use, when it went on without them.
    func tell(trouble: RedisReply?) {
        if let error = error(trouble: trouble) { note(.troubled(error)) }
    }

    func error(trouble: RedisReply?) -> RedisError? {
        guard let text = trouble?.text, !text.isEmpty else { return nil }
        return RedisError(.server, .answered, text, server: client.server)
    }

    /// Repairs expired executions and moves scheduled jobs that are due; any number of workers may do so.
    func maintain() async {
        while !Task.isCancelled {
            // Each by itself: what ends one of them must not end the others.
            do { try await repair() } catch { note(.troubled(error)) }
            do { try await promote() } catch { note(.troubled(error)) }
            do { try await refill() } catch { note(.troubled(error)) }
            do { try await sweep() } catch { note(.troubled(error)) }
            do { try await client.runtime.sleep(for: configuration.maintenanceInterval) } catch { return }
            state.withLock { $0.roster.relieve(client.runtime.now) }
            // Queues beyond those that are watched, and suspended ones, are looked at in this rhythm.
            lookAgain()
        }
    }

    private func repair() async throws(RedisError) {
        let limit = configuration.crashLimit
        let reason = JobResult.encode(
            failure: "the job was given up after \(limit) executions that ended with their worker lost or frozen "
                + "beyond its lease: look what it does to its workers, then requeue it")
        let reply = try await client.run(
            JobScripts.repair, keys: [],
            arguments: [
                prefix, RedisArgument(WorkerConfiguration.maintenanceBatch), RedisArgument(limit),
                RedisArgument(reason),
            ] + argument(list: served))
        let parts = reply.array ?? []
        for recovery in parts.compactMap(Recovery.init) { note(.recovered(recovery)) }
        tell(trouble: parts.first)
    }

    private func promote() async throws(RedisError) {
        let reply = try await client.run(
            JobScripts.promote, keys: [],
            arguments: [prefix, RedisArgument(WorkerConfiguration.maintenanceBatch)] + argument(list: served),
            idempotent: true)
        tell(trouble: reply.array?.first)
    }

    private func refill() async throws(RedisError) {
        let interval = RedisArgument(max(configuration.maintenanceInterval.milliseconds * 9 / 10, 1))
        tell(trouble: try await client.run(JobScripts.refill, keys: [], arguments: [prefix, interval]))
    }

    /// Again while much of what it looks at is of no use, so that it keeps up with who uses many keys once, and costs
    /// next to nothing where there is little to do.
    func sweep() async throws(RedisError) {
        for _ in 0..<WorkerConfiguration.maximumSweeps {
            let reply = try await client.run(
                JobScripts.sweep, keys: [],
                arguments: [prefix] + WorkerConfiguration.sweepSample.map { RedisArgument($0) }, idempotent: true)
            tell(trouble: reply.array?.first)
            if reply.array?.last?.integer != 1 { return }
        }
    }
}
