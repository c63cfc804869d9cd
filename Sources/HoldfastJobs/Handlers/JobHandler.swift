/// Runs the jobs of one function.
///
/// Arguments bind as in a Python call: an `Arguments` structure takes positional arguments in the order in which its
/// properties are declared, and the rest by name; optional ones may be missing. An array takes all positional
/// arguments; any other single value takes the only one. Use ``NoArguments`` for none.
public protocol JobHandler: Sendable {
    associatedtype Arguments: Decodable & SendableMetatype
    associatedtype Output: Encodable & SendableMetatype

    /// RQ's function name, such as `reports.build`.
    static var function: String { get }

    /// May run more than once for one job; see ``JobContext``. A thrown error fails this execution, and the job is
    /// tried again if it has retries left, unless the error is a ``PermanentFailure``.
    func run(_ arguments: Arguments, in context: JobContext) async throws -> Output
}

/// The arguments of a function that takes none.
public struct NoArguments: Decodable, Sendable {
    public init() {}
}

/// The result of a function that returns nothing: JSON's null, Python's `None`.
public struct NoResult: Encodable, Sendable {
    public init() {}

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encodeNil()
    }
}

/// Fails the job at once, whatever retries it has left.
public struct PermanentFailure: Error, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ reason: String) { description = reason }
}
