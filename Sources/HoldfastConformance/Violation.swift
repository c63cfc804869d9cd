import HoldfastResources

/// Something that a fenced resource must not do, and did.
public struct Violation: Error, Sendable, Hashable, CustomStringConvertible {
    /// One sentence: what was expected, and what happened.
    public let description: String

    init(_ description: String) { self.description = description }
}

func require(_ condition: Bool, _ sentence: @autoclosure () -> String) throws(Violation) {
    if !condition { throw Violation(sentence()) }
}

/// Runs something that must be refused with exactly this error.
func requireRefusal<Value>(
    _ expected: ResourceError, _ what: String, _ body: () async throws -> Value
) async throws {
    do {
        let value = try await body()
        throw Violation("\(what) was accepted (\(shortened(value))), expected: \(expected)")
    } catch let error as ResourceError {
        try require(error == expected, "\(what): expected \(expected), got \(error)")
    }
}

/// Runs something with an unusable argument.
func requireInvalid<Value>(_ what: String, _ body: () async throws -> Value) async throws {
    do {
        let value = try await body()
        throw Violation("\(what) was accepted: \(shortened(value))")
    } catch let error as ResourceError {
        guard case .invalid = error else { throw Violation("\(what): expected an invalid argument, got \(error)") }
    }
}

func shortened(_ value: some Any) -> String {
    let text = String(describing: value)
    return text.count > 80 ? "\(text.prefix(80))…" : text
}
