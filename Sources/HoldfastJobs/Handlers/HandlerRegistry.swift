import Foundation
public import HoldfastLocks

/// The functions that a worker can run, by RQ's names.
///
/// Arguments bind as in a Python call: a structure takes positional arguments in the order in which its properties are
/// declared, and the rest by name; optional ones may be missing. An array takes all positional arguments; any other
/// single value takes the only one. Use ``NoArguments`` for none.
public struct HandlerRegistry: Sendable {
    typealias Body = @Sendable (JobPayload, JobContext) async throws -> [UInt8]?

    private var bodies: [String: Body] = [:]
    /// Whether a worker with these handlers serves the queue of deliveries.
    var deliversWebhooks = false
    /// The lock nodes behind ``JobContext/withLock(_:ttl:wait:_:)``. The cluster stays the caller's.
    public var locks: LockCluster?

    /// - Parameter locks: See ``locks``.
    public init(locks: LockCluster? = nil) { self.locks = locks }

    /// The names, in order.
    public var functions: [String] { bodies.keys.sorted() }

    /// - Precondition: its name has no handler yet.
    public mutating func register<Work: Job>(_ type: Work.Type) where Work.Output: Encodable & SendableMetatype {
        register(Work.name) { (work: Work, context) in
            do {
                return try await work.perform(context)
            } catch {
                throw Self.judged(error, Work.verdict(on: error))
            }
        }
    }

    /// The same for a job that returns nothing.
    public mutating func register<Work: Job>(_ type: Work.Type) where Work.Output == Void {
        register(Work.name) { (work: Work, context) in
            do {
                try await work.perform(context)
            } catch {
                throw Self.judged(error, Work.verdict(on: error))
            }
        }
    }

    // What a handler says by the type that it throws goes first.
    private static func judged(_ error: any Error, _ verdict: FailureVerdict) -> any Error {
        if error is PermanentFailure || error is RetryLater { return error }
        return switch verdict {
        case .retryAsConfigured: error
        case .retry(let pause, let maximum): RetryLater(after: pause, maximum: maximum, String(describing: error))
        case .never: PermanentFailure("\(type(of: error)): \(error)")
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
