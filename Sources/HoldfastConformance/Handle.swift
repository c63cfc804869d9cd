import HoldfastLocks
import HoldfastResources

/// A resource with plain numbers and texts for tokens and keys: the cases read like the protocol.
struct Handle: Sendable {
    let resource: any FencedResource
    let name: String

    func raise(_ token: Int64) async throws -> [UInt8]? {
        try await resource.raise(to: FencingToken(rawValue: token))
    }

    func read(_ token: Int64) async throws -> [UInt8]? {
        try await resource.read(FencingToken(rawValue: token))
    }

    @discardableResult
    func apply(_ value: [UInt8], _ token: Int64, _ key: String) async throws -> WriteReceipt {
        try await resource.apply(value, token: FencingToken(rawValue: token), key: IdempotencyKey(key))
    }

    func stale(_ token: Int64, behind fence: Int64) -> ResourceError {
        .stale(resource: name, token: FencingToken(rawValue: token), fence: FencingToken(rawValue: fence))
    }

    func requireReceipt(
        _ receipt: WriteReceipt, _ token: Int64, _ sequence: Int64, replay: Bool = false, _ what: String
    ) throws(Violation) {
        let expected = WriteReceipt(token: FencingToken(rawValue: token), sequence: sequence, isReplay: replay)
        try require(receipt == expected, "\(what): expected \(expected), got \(receipt)")
    }

    func requireValue(_ found: [UInt8]?, _ expected: [UInt8]?, _ what: String) throws(Violation) {
        guard found != expected else { return }
        func size(_ value: [UInt8]?) -> String { value.map { "\($0.count) bytes" } ?? "no value" }
        let contents = "\(found.map { shortened($0.prefix(16)) } ?? "nil")"
        throw Violation("\(what): expected \(size(expected)), got \(size(found)) \(contents)")
    }
}

extension ConformanceCase {
    /// A case about one resource, whose name is the case's own.
    static func about(
        _ description: String, _ body: @escaping @Sendable (Handle) async throws -> Void
    ) -> ConformanceCase {
        ConformanceCase(description) { open in
            try await body(Handle(resource: try await open(description), name: description))
        }
    }
}
