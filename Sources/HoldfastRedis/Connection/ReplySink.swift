/// Receives replies on the connection's strand, without an allocation or a thread hop for each.
///
/// One sink can serve a whole round over several servers: `tag` tells which command a reply belongs to. Every
/// submitted command is answered exactly once. `receive` must return quickly and must not block.
public protocol ReplySink: AnyObject, Sendable {
    func receive(_ outcome: ReplyOutcome, tag: Int)
}

public enum ReplyOutcome {
    /// Valid during the call only. May be an error reply: see ``ReplyCursor/kind``.
    case reply(ReplyCursor)
    case failed(RedisError)
}

/// Who waits for a reply. An enum, so that a queued command needs no object of its own.
enum Waiter {
    case promise(Promise<RedisReply>)
    case sink(any ReplySink, tag: Int)
    case nobody

    func receive(_ outcome: ReplyOutcome, server: String) {
        switch self {
        case .nobody: break
        case .sink(let sink, let tag): sink.receive(outcome, tag: tag)
        case .promise(let promise):
            switch outcome {
            case .failed(let error): promise.resolve(.failure(error))
            case .reply(let cursor) where cursor.kind == .error:
                promise.resolve(.failure(RedisError(.server, .answered, cursor.text, server: server)))
            case .reply(let cursor): promise.resolve(.success(cursor.materialized()))
            }
        }
    }
}
