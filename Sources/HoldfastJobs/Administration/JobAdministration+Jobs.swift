import HoldfastRedis

extension JobAdministration {
    /// Keeps a waiting job (queued, scheduled or deferred) from ever running; its record stays, as `canceled`.
    ///
    /// - Parameter enqueueDependents: Whether the jobs that wait for it go on as if it had finished; else they stay
    ///   deferred, as in RQ.
    /// - Throws: ``JobsError`` with `noSuchJob`; `wrongState` if it is over or runs; `redis`.
    @discardableResult
    public func cancel(_ id: JobID, enqueueDependents: Bool = false) async throws(JobsError) -> Dependents {
        let reply = try await run(JobScripts.cancel, RedisArgument(id.text), enqueueDependents ? 1 : 0)
        return try dependents(reply, done: "canceled", of: id) { status in
            status == "started"
                ? "the job \(id) runs: stop it, or wait for its end"
                : "the job \(id) is \(status) already: there is nothing to cancel"
        }
    }

    /// Enqueues a failed or stopped job again, by RQ's rules: its retries are not given back.
    ///
    /// - Throws: ``JobsError`` with `noSuchJob`; `wrongState` if it is not failed or stopped; `redis`.
    public func requeue(_ id: JobID, atFront: Bool = false) async throws(JobsError) {
        let reply = try await run(JobScripts.requeue, atFront ? 1 : 0, RedisArgument(id.text))
        switch reply.array?.first?.text {
        case "requeued": return
        case "missing": throw noSuchJob(id)
        case "doubled":
            throw JobsError(.alreadyLive, "another job with the unique key of \(id) is live: wait for its end")
        case let status:
            throw JobsError(
                .wrongState, "the job \(id) is \(status ?? "of no known state"): only failed jobs are requeued")
        }
    }

    /// Deletes a job, its results and its place in every list.
    ///
    /// - Parameters:
    ///   - evenIfRunning: Its worker then loses the lease; it is told, cancels the handler and drops the outcome.
    ///   - enqueueDependents: As for ``cancel(_:enqueueDependents:)``.
    /// - Throws: ``JobsError`` with `noSuchJob`; `wrongState` if it runs; `redis`.
    @discardableResult
    public func delete(
        _ id: JobID, evenIfRunning: Bool = false, enqueueDependents: Bool = false
    ) async throws(JobsError) -> Dependents {
        let reply = try await run(
            JobScripts.delete, RedisArgument(id.text), evenIfRunning ? 1 : 0, enqueueDependents ? 1 : 0)
        return try dependents(reply, done: "deleted", of: id) { _ in
            "the job \(id) runs: stop it first, or delete it even so"
        }
    }

    /// One running execution that was told to end.
    public struct Stop: Sendable, Hashable {
        public let executionID: String
        public let workerName: String
        /// Whether the end is recorded already. A Python worker has been asked instead, and may not hear it.
        public let isRecorded: Bool
    }

    /// Stops a running job for good: it ends as `stopped`, whatever retries it has left. With our workers it is
    /// recorded here and now; the worker cancels the handler when it hears of it, at the latest at its next renewal.
    ///
    /// - Throws: ``JobsError`` with `noSuchJob`; `wrongState` if it does not run; `redis`.
    @discardableResult
    public func stop(_ id: JobID) async throws(JobsError) -> [Stop] {
        let reason = JobResult.encode(failure: Self.stopReason)
        let reply = try await run(JobScripts.stop, RedisArgument(id.text), "", 1, RedisArgument(reason))
        if reply.text == "missing" { throw noSuchJob(id) }
        let stops = Self.stops(reply)
        guard !stops.isEmpty else {
            throw JobsError(.wrongState, "the job \(id) does not run: cancel it if it waits")
        }
        return stops
    }

    static let stopReason = "the job was stopped on request"

    static func stops(_ reply: RedisReply) -> [Stop] {
        (reply.array ?? []).compactMap { entry in
            guard let parts = entry.array, parts.count == 3, let execution = parts[0].text,
                let worker = parts[1].text, let what = parts[2].text
            else { return nil }
            return Stop(executionID: execution, workerName: worker, isRecorded: what == "stopped")
        }
    }

    private func dependents(
        _ reply: RedisReply, done: String, of id: JobID, _ refusal: (String) -> String
    ) throws(JobsError) -> Dependents {
        let parts = reply.array ?? []
        switch parts.first?.text {
        case done where parts.count == 3:
            return Dependents(enqueued: Int(parts[1].integer ?? 0), waiting: Int(parts[2].integer ?? 0))
        case "missing": throw noSuchJob(id)
        case let status: throw JobsError(.wrongState, refusal(status ?? "of no known state"))
        }
    }
}
