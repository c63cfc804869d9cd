/// A call that can wait in a queue, and what it does: its properties are the arguments.
///
///     struct Resize: Job {
///         static let name = "images.resize"
///         var path: String
///
///         func perform(_ context: JobContext) async throws -> Size { … }
///     }
///
///     try await queue.enqueue(Resize(path: "cat.png"), .delay(.seconds(5)))
///     handlers.register(Resize.self)
///
/// It is enqueued with keyword arguments, one a property that is not nil, so a Python function of this name with
/// these parameters can run it. The other way round a Python caller may give them by position as well, in the order of
/// the properties, and leave out the optional ones; see ``HandlerRegistry``.
public protocol Job: Codable, Sendable {
    /// What it returns: `Encodable`, or nothing.
    associatedtype Output

    /// RQ's function name, such as `images.resize`.
    static var name: String { get }

    /// How it is enqueued unless the caller says otherwise; RQ's defaults if not given.
    static var options: JobOptions { get }

    /// May run more than once for one job; see ``JobContext``. A thrown error fails this execution, and the job is
    /// tried again as its ``RetryPolicy`` says; a ``PermanentFailure`` never is, and a ``RetryLater`` says when.
    func perform(_ context: JobContext) async throws -> Output

    /// What an error of ``perform(_:)`` means for the job. By default what the policy says.
    static func verdict(on error: any Error) -> FailureVerdict
}

extension Job {
    public static var options: JobOptions { JobOptions() }

    public static func verdict(on error: any Error) -> FailureVerdict { .retryAsConfigured }
}
