import ArgumentParser
import HoldfastJobs
import HoldfastRedis

extension ConnectionOptions {
    /// Runs `body` with a client of the store that knows the job scripts, and closes it afterwards.
    ///
    /// - Throws: `RedisError` when the store does not answer, and what `body` throws.
    func withJobsClient<Value>(_ body: (RedisClient) async throws -> Value) async throws -> Value {
        let store = try storeConfiguration()
        let client = RedisClient(store, scripts: JobScripts.all, transport: try transport(to: [store]))
        do {
            try await client.ready()
            let value = try await body(client)
            await client.close()
            return value
        } catch {
            await client.close()
            throw error
        }
    }
}

extension JobsError: ExplainedFailure {
    var exitCode: ExitCode {
        switch code {
        case .invalid, .unreadable, .tooLarge: .usage
        case .timedOut: .notAcquired
        case .redis: redis?.exitCode ?? .failed
        default: .failed
        }
    }
}
