import Foundation

/// The functions that a worker can run, by RQ's names.
public struct HandlerRegistry: Sendable {
    typealias Body = @Sendable (JobPayload, JobContext) async throws -> [UInt8]?

    private var bodies: [String: Body] = [:]

    public init() {}

    /// The names, in order.
    public var functions: [String] { bodies.keys.sorted() }

    /// - Precondition: its function has no handler yet.
    public mutating func register<Handler: JobHandler>(_ handler: Handler) {
        register(Handler.function) { (arguments: Handler.Arguments, context) in
            try await handler.run(arguments, in: context)
        }
    }

    /// - Precondition: `function` has no handler yet.
    public mutating func register<Arguments: Decodable & SendableMetatype, Output: Encodable & SendableMetatype>(
        _ function: String, _ body: @escaping @Sendable (Arguments, JobContext) async throws -> Output
    ) {
        precondition(bodies[function] == nil, "the function \(function) has a handler already")
        bodies[function] = { payload, context in
            let arguments: Arguments = try Self.bind(payload, function)
            return try Self.encode(try await body(arguments, context), function)
        }
    }

    /// The same for a function that returns nothing.
    public mutating func register<Arguments: Decodable & SendableMetatype>(
        _ function: String, _ body: @escaping @Sendable (Arguments, JobContext) async throws -> Void
    ) {
        register(function) { (arguments: Arguments, context) in
            try await body(arguments, context)
            return NoResult()
        }
    }

    /// A function whose arguments are read, and whose result is written, by something else than Swift's coders.
    ///
    /// - Parameter body: Gives the result as JSON; nil for none.
    /// - Precondition: `function` has no handler yet.
    public mutating func registerForeign(
        _ function: String, _ body: @escaping @Sendable (JobPayload, JobContext) async throws -> [UInt8]?
    ) {
        precondition(bodies[function] == nil, "the function \(function) has a handler already")
        bodies[function] = body
    }

    /// - Throws: ``PermanentFailure`` when there is none.
    func body(for function: String) throws(PermanentFailure) -> Body {
        if let body = bodies[function] { return body }
        let known = functions.prefix(20).joined(separator: ", ")
        throw PermanentFailure(
            "this worker knows no function \(function.prefix(200)): it knows \(known.isEmpty ? "none" : known)")
    }

    private static func bind<Arguments: Decodable>(
        _ payload: JobPayload, _ function: String
    ) throws(PermanentFailure) -> Arguments {
        do {
            return try JSONDecoder.rq.decode(BoundCall<Arguments>.self, from: Data(payload.json)).arguments
        } catch {
            throw PermanentFailure("the arguments do not fit \(function): \(JobPayload.reason(error))")
        }
    }

    // Python leaves `None` out of the result; readers take a missing value for it.
    private static func encode(_ output: some Encodable, _ function: String) throws(PermanentFailure) -> [UInt8]? {
        let json: [UInt8]
        do {
            json = try JobPayload.encode(output, as: "the result of \(function)")
        } catch {
            throw PermanentFailure(error.message)
        }
        guard json.count <= JobPayload.maximumBytes else {
            throw PermanentFailure(
                "the result of \(function) takes \(json.count) bytes, the bound is \(JobPayload.maximumBytes)")
        }
        return json == Array("null".utf8) ? nil : json
    }
}
