import HoldfastRedis

extension JobAdministration {
    /// Takes a dead worker off every list at once and gives what it was running back to its queues, instead of waiting
    /// for the lease to run out.
    ///
    /// - Parameter evenIfAlive: Also one whose record has not expired. If it lives after all, its outcomes are refused;
    ///   a Python worker's are not, since it does not ask.
    /// - Returns: How many jobs were given back.
    /// - Throws: ``JobsError`` with `wrongState` if it seems to live, `noSuchWorker` if nothing is known of it, or
    ///   `redis`.
    @discardableResult
    public func forget(worker: String, evenIfAlive: Bool = false) async throws(JobsError) -> Int {
        let reply = try await run(JobScripts.forget, RedisArgument(worker), evenIfAlive ? 1 : 0)
        switch reply.array?.first?.text {
        case "forgotten": return Int(reply.array?.last?.integer ?? 0)
        case "alive":
            throw JobsError(
                .wrongState,
                "the worker \(worker.prefix(128)) gave a sign of life a short while ago: shut it down, or wait until "
                    + "its record expires")
        default: throw JobsError(.noSuchWorker, "nothing is known of a worker \(worker.prefix(128))")
        }
    }

    /// Tells a worker to end as at the first SIGTERM.
    /// - Returns: Whether it listened. RQ's commands are not kept for later.
    /// - Throws: ``JobsError`` with `redis`.
    @discardableResult
    public func shutDown(worker: String) async throws(JobsError) -> Bool {
        try await publish(.shutdown, to: worker)
    }

    /// Tells a worker to fail what it is running; jobs with retries left are tried again. RQ's `kill-horse`.
    /// - Returns: Whether it listened.
    /// - Throws: ``JobsError`` with `redis`.
    @discardableResult
    public func failRunning(ofWorker worker: String) async throws(JobsError) -> Bool {
        try await publish(.killHorse, to: worker)
    }

    private func publish(_ message: ControlMessage, to worker: String) async throws(JobsError) -> Bool {
        let reply = try await send(
            RedisCommand("PUBLISH", RedisArgument(keys.pubsub(worker)), RedisArgument(message.encoded)))
        return (reply.integer ?? 0) > 0
    }
}
