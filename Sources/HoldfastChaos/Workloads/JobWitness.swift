import HoldfastHistory
import HoldfastJobs
import HoldfastRedis

/// A queue's own registries, for the history.
struct JobWitness: Sendable {
    let queue: Queue
    let history: HistoryWriter

    /// Writes down every place where a job is registered.
    func testify() async throws {
        let waiting = RedisCommand("LRANGE", RedisArgument(queue.keys.queue(queue.name)), 0, -1).idempotent
        note(try await queue.client.send(waiting), "queued")
        for registry in [RQKeys.Registry.started, .finished, .failed, .deferred, .scheduled, .canceled] {
            let key = RedisArgument(queue.keys.registry(registry, of: queue.name))
            note(try await queue.client.send(RedisCommand("ZRANGE", key, 0, -1).idempotent), "\(registry)")
        }
        history.note(.witness, HistoryFunction.surveyed, [.text("\(queue.name)")])
    }

    private func note(_ reply: RedisReply, _ place: String) {
        for element in reply.array ?? [] {
            // Running ones are registered as `job:execution`.
            guard let job = element.text?.split(separator: ":").first else { continue }
            history.note(.witness, HistoryFunction.registered, [.text(String(job)), .text(place)])
        }
    }
}
