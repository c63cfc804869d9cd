import HoldfastRedis
import HoldfastRuntime
import Logging
import Synchronization

/// Saves what handlers say about their progress: all of a worker's executions in one round trip, at most four times a
/// second, and the rest before an outcome is recorded.
final class MetaPump: Sendable {
    private let client: RedisClient
    private let keys: RQKeys
    private let logger: Logger
    private let bell = Bell()
    private let dirty = Mutex<[ObjectIdentifier: MetaBoard]>([:])

    static let interval: Duration = .milliseconds(250)
    /// Boards in one call.
    static let batch = 100

    init(client: RedisClient, keys: RQKeys, logger: Logger) {
        self.client = client
        self.keys = keys
        self.logger = logger
    }

    func mark(_ board: MetaBoard) {
        let isFirst = dirty.withLock { boards in
            boards.updateValue(board, forKey: ObjectIdentifier(board)) == nil && boards.count == 1
        }
        if isFirst { bell.ring() }
    }

    /// Serves until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            await bell.wait()
            while !Task.isCancelled {
                let boards = dirty.withLock { boards in
                    let some = Array(boards.values.prefix(Self.batch))
                    for board in some { boards[ObjectIdentifier(board)] = nil }
                    return some
                }
                if boards.isEmpty { break }
                // A failure of Redis only delays it: the boards are dirty again.
                await save(boards)
                do { try await client.runtime.sleep(for: Self.interval) } catch { return }
            }
        }
    }

    /// Saves the rest, before the execution's outcome. Best effort: the outcome does not wait for a broken server.
    func flush(_ board: MetaBoard) async {
        dirty.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(board)) }
        if board.isDirty { await save([board]) }
        dirty.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(board)) }
    }

    private func save(_ boards: [MetaBoard]) async {
        do {
            try await readBases(boards.filter { $0.base == nil })
            var arguments = [RedisArgument(keys.prefix)]
            for board in boards {
                let values = board.take()
                guard let base = board.base, let meta = MetaBoard.merge(base, values),
                    meta.count <= NewJob.maximumMetaBytes
                else {
                    logger.warning("meta not saved: what is stored is no JSON, or it would grow beyond its bound")
                    continue
                }
                arguments += board.address + [RedisArgument(meta)]
            }
            guard arguments.count > 1 else { return }
            try await client.run(JobScripts.saveMeta, keys: [], arguments: arguments, idempotent: true)
        } catch {
            logger.debug("meta not saved yet: \(error)")
            for board in boards {
                board.putBack()
                mark(board)
            }
        }
    }

    private func readBases(_ boards: [MetaBoard]) async throws(RedisError) {
        guard !boards.isEmpty else { return }
        let outcomes = try await client.pipeline(
            boards.map {
                RedisCommand("HGET", RedisArgument("\(keys.prefix):job:" + $0.address[1].text), "meta").idempotent
            })
        for (board, outcome) in zip(boards, outcomes) { board.base = try outcome.get().bytes ?? [] }
    }
}

extension RedisArgument {
    fileprivate var text: String { String(decoding: bytes, as: UTF8.self) }
}
