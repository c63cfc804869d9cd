import HTTPTypes
import HoldfastLocks
import HoldfastResources

/// Reads the two header fields; each failure is the answer to give.
enum RequestFields {
    static func token(_ fields: HTTPFields) throws(Problem) -> FencingToken? {
        let values = fields[values: .fencingToken]
        guard let text = values.first else { return nil }
        guard values.count == 1, let token = FencingToken(headerText: text) else {
            throw Problem(.invalidRequest, 400, "\(FencingHeaders.token) is one whole number from 1 to 2^53 - 1")
        }
        return token
    }

    static func requiredToken(_ fields: HTTPFields) throws(Problem) -> FencingToken {
        guard let token = try token(fields) else {
            throw Problem(.tokenMissing, 428, "send your lease's token as \(FencingHeaders.token)")
        }
        return token
    }

    static func requiredKey(_ fields: HTTPFields) throws(Problem) -> IdempotencyKey {
        let values = fields[values: .idempotencyKey]
        guard let text = values.first else {
            throw Problem(.keyMissing, 400, "send a key of your own for this effect as \(FencingHeaders.key): \"…\"")
        }
        guard values.count == 1 else { throw Problem(.invalidRequest, 400, "one \(FencingHeaders.key), not several") }
        do throws(ResourceError) { return try IdempotencyKey(headerText: text) } catch {
            throw Problem(.invalidRequest, 400, error.description)
        }
    }
}

extension Problem: Error {}
