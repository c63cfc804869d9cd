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
    /// off (``RetryLater``) is waited out.
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
                if let result = try await result(of: id) {
                    if result.outcome != .retried { return result }
                    seen = result.entry
                }
                let known = try await send(RedisCommand("EXISTS", RedisArgument(keys.job(id))).idempotent)
                guard known.integer == 1 else { throw JobsError(.noSuchJob, "there is no job \(id)") }
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
        if let result = try await result(of: id), result.outcome != .retried { return result }
        throw JobsError(.timedOut, "the job \(id) has no result after \(patience)")
    }

    private static func isPassing(_ error: RedisError) -> Bool {
        error.code == .disconnected || error.code == .timedOut || error.code == .unreachable
    }

    static func newest(of id: JobID, entries: [RedisReply]) throws(JobsError) -> JobResult? {
        guard let parts = entries.first?.array, parts.count == 2, let entry = parts[0].text else { return nil }
        return try JobResult(jobID: id, entry: entry, fields: HashFields.read(parts[1]))
    }
}
