import HoldfastRedis
import HoldfastRuntime

extension Queue {
    /// The newest result of a job; nil if there is none (yet, or any more).
    public func result(of id: JobID) async throws(JobsError) -> JobResult? {
        let reply = try await send(
            RedisCommand("XREVRANGE", RedisArgument(keys.results(id)), "+", "-", "COUNT", 1).idempotent)
        return try Self.newest(of: id, entries: reply.array ?? [])
    }

    /// Waits until the job has a result: it has succeeded, or failed for good. An execution that only put the job
    /// off (``RetryLater``) is waited out, and so is a failed job that was requeued. Of a job that is repeated it is
    /// the newest success, also while another run is to come.
    ///
    /// The wait is done by the server, on a leased connection. A lost connection is made anew until the deadline.
    /// - Throws: ``JobsError`` with `timedOut` when there is none after `patience`; `noSuchJob` when there is no
    ///   such job (also one whose result is kept for zero seconds and that has finished); `redis`, also when the
    ///   caller is cancelled.
    public func wait(for id: JobID, patience: Duration) async throws(JobsError) -> JobResult {
        let runtime = client.runtime
        let deadline = runtime.now.advanced(by: patience)
        var lastFailure: RedisError?
        var seen = "0-0"
        repeat {
            do {
                let known = try await outcome(of: id)
                if let result = known.result {
                    if known.isFinal { return result }
                    seen = result.entry
                }
                guard known.exists else { throw JobsError(.noSuchJob, "there is no job \(id)") }
                let rest = runtime.now.duration(to: deadline)
                guard rest > .zero else { break }
                // In slices, to notice that a job was deleted.
                let command = BlockingCommand.xread(
                    RedisArgument(keys.results(id)), after: RedisArgument(seen), timeout: min(rest, .seconds(5)))
                _ = try await client.withBlockingConnection { try await $0.send(command) }
                lastFailure = nil
            } catch let error as JobsError {
                guard let redis = error.redis, Self.isPassing(redis) else { throw error }
                lastFailure = redis
            } catch let error as RedisError {
                guard Self.isPassing(error) else { throw JobsError(error) }
                lastFailure = error
            } catch {
                throw JobsError(.redis, String(describing: error))
            }
            if lastFailure != nil {
                let pause = runtime.jitter(upTo: .milliseconds(200))
                do { try await runtime.sleep(for: pause) } catch { break }
            }
        } while runtime.now < deadline
        if let lastFailure { throw JobsError(lastFailure) }
        let known = try await outcome(of: id)
        if let result = known.result, known.isFinal { return result }
        throw JobsError(.timedOut, "the job \(id) has no result after \(patience)")
    }

    /// Whether there is such a job, its newest result, and whether that is the end of it.
    private func outcome(of id: JobID) async throws(JobsError) -> (exists: Bool, result: JobResult?, isFinal: Bool) {
        let reply = try await JobsError.wrapping { () async throws(RedisError) in
            try await client.run(
                JobScripts.outcome, keys: [], arguments: [RedisArgument(keys.prefix), RedisArgument(id.text)],
                idempotent: true)
        }
        guard let parts = reply.array, parts.count == 3 else {
            throw JobsError(.unreadable, "the job \(id) answered \(reply)")
        }
        let result = try Self.newest(of: id, entries: parts[2].array ?? [])
        let isLive = parts[1].text.flatMap(JobStatus.init(rawValue:)).map { !$0.isFinal } ?? false
        let isFinal =
            switch result?.outcome {
            case nil, .retried: false
            case .successful: true
            // Of an execution before somebody requeued the job.
            case .failed, .stopped, .maximumRetriesExceeded: !isLive
            }
        return (parts[0].integer == 1, result, isFinal)
    }

    private static func isPassing(_ error: RedisError) -> Bool {
        error.code == .disconnected || error.code == .timedOut || error.code == .unreachable
    }

    static func newest(of id: JobID, entries: [RedisReply]) throws(JobsError) -> JobResult? {
        guard let parts = entries.first?.array, parts.count == 2, let entry = parts[0].text else { return nil }
        return try JobResult(jobID: id, entry: entry, fields: HashFields.read(parts[1]))
    }
}
