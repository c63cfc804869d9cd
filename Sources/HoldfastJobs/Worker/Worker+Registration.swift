import Foundation
import HoldfastRedis
import HoldfastRuntime
import Synchronization

extension Worker {
    /// - Throws: ``JobsError`` with `nameInUse` or `redis`.
    func register() async throws(JobsError) {
        let isFree: Bool
        do { isFree = try await sendRegistration() } catch { throw JobsError(error) }
        guard isFree else {
            throw JobsError(
                .nameInUse,
                "a live worker is named \(name) already: choose another name, or wait a minute after a crash")
        }
    }

    private func sendRegistration() async throws(RedisError) -> Bool {
        let process = ProcessInfo.processInfo
        let host = process.hostName
        let fields: [(String, String)] = [
            ("queues", queues.map(\.text).joined(separator: ",")), ("pid", String(process.processIdentifier)),
            ("hostname", host), ("ip_address", host), ("version", "holdfast"), ("python_version", "Swift 6"),
            ("state", "idle"), ("successful_job_count", "0"), ("failed_job_count", "0"), ("total_working_time", "0"),
        ]
        var arguments = [
            prefix, RedisArgument(name), RedisArgument(instance), RedisArgument(WorkerConfiguration.staysListed),
            RedisArgument(queues.count),
        ]
        arguments += argument(list: queues)
        for (field, value) in fields { arguments += [RedisArgument(field), RedisArgument(value)] }
        let reply = try await client.run(JobScripts.register, keys: [], arguments: arguments, idempotent: true)
        return reply.integer == 1
    }

    /// Keeps the worker on RQ's lists; registers again when the record is gone.
    func sendHeartbeats() async {
        while !Task.isCancelled {
            do { try await client.runtime.sleep(for: WorkerConfiguration.heartbeatInterval) } catch { return }
            let state = state.withLock { $0.roster.isIdle } ? "idle" : "busy"
            do {
                let reply = try await client.run(
                    JobScripts.heartbeat, keys: [],
                    arguments: [
                        prefix, RedisArgument(name), RedisArgument(instance),
                        RedisArgument(WorkerConfiguration.staysListed), RedisArgument(state),
                    ], idempotent: true)
                if reply.integer == 0, try await !sendRegistration() {
                    // Two of one name share its list of executions, and each would give back the other's.
                    self.state.withLock { $0.isReplaced = true }
                    shutdown(atOnce: true)
                    return
                }
            } catch {
                note(.troubled(error))
            }
        }
    }

    /// Gives back what a lost reply may have claimed, and leaves RQ's lists. Best effort: without it the leases and
    /// the record expire by themselves.
    func deregister() async {
        do {
            try await reconcile()
            try await client.run(
                JobScripts.deregister, keys: [],
                arguments: [prefix, RedisArgument(name), RedisArgument(instance)] + argument(list: queues),
                idempotent: true)
        } catch {
            note(.troubled(error))
        }
    }
}
