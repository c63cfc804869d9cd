/// A job that is about to be enqueued: what to call, and how.
public struct NewJob: Sendable {
    public var payload: JobPayload
    public var options: JobOptions

    public init(_ payload: JobPayload, options: JobOptions = JobOptions()) {
        self.payload = payload
        self.options = options
    }

    /// - Throws: ``JobsError`` with `invalid`, `unreadable` or `tooLarge`.
    public init(
        _ function: String, _ arguments: any Encodable..., keywords: [String: any Encodable] = [:],
        options: JobOptions = JobOptions()
    ) throws(JobsError) {
        payload = try JobPayload(function: function, arguments: arguments, keywords: keywords)
        self.options = options
    }

    /// A typed job, with its type's options and then these.
    /// - Throws: ``JobsError`` with `invalid`, `unreadable` or `tooLarge`.
    public init<Work: Job>(_ job: Work, _ options: JobOption...) throws(JobsError) {
        try self.init(job, options: options)
    }

    init<Work: Job>(_ job: Work, options: [JobOption]) throws(JobsError) {
        payload = try JobPayload(function: Work.name, properties: job)
        self.options = Work.options.adding(options)
    }

    /// The bound of ``JobOptions/meta`` in JSON: 1 MiB.
    public static let maximumMetaBytes = 1 << 20
    public static let maximumDependencies = 1000
    public static let maximumWebhooks = 16
    static let maximumUniqueKeyBytes = 256
}
