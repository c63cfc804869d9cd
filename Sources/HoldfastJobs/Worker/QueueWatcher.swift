import HoldfastRedis
import HoldfastRuntime

/// Waits on one queue until it has an entry, without taking it: `BLMOVE q q LEFT LEFT` moves the head onto its own
/// place. Blocks on a leased connection of its own, so an enqueue by anyone is noticed at once.
///
/// All idle watchers of a queue wake up for one entry; one of their workers gets it, the others ask once in vain.
final class QueueWatcher: Sendable {
    let queue: QueueName
    private let key: String
    private let client: RedisClient
    private let armed = Bell()

    /// The server answers at least this often, so that a dead connection is noticed.
    private static let patience: Duration = .seconds(5)

    init(_ queue: QueueName, _ keys: RQKeys, client: RedisClient) {
        self.queue = queue
        key = keys.queue(queue)
        self.client = client
    }

    /// The queue was seen empty: tell when it has an entry. Between two calls the watcher tells it once.
    func arm() { armed.ring() }

    /// Serves until the task is cancelled, and calls `found` for each entry seen.
    func run(_ found: @escaping @Sendable () -> Void) async {
        await armed.wait()
        while !Task.isCancelled {
            do {
                try await client.withBlockingConnection { connection in
                    try await serve(on: connection, found)
                }
            } catch {
                // The worker's own commands report the trouble; here it is enough to come back.
                try? await client.runtime.sleep(for: client.runtime.jitter(upTo: .milliseconds(500)))
                found()
            }
        }
    }

    private func serve(on connection: BlockingConnection, _ found: () -> Void) async throws {
        let queue = RedisArgument(key)
        while !Task.isCancelled {
            let reply = try await connection.send(
                .blmove(queue, queue, from: .left, to: .left, timeout: Self.patience))
            guard !reply.isNull else { continue }
            // What was seen empty before is not: only a take from now on may send the watcher back to the queue.
            armed.hush()
            found()
            await armed.wait()
        }
    }
}
