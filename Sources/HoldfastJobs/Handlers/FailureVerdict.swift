/// What an error means for a job.
public enum FailureVerdict: Sendable, Hashable {
    /// As the job's ``RetryPolicy`` says; without one it fails.
    case retryAsConfigured
    /// As if ``RetryLater`` were thrown.
    case retry(after: Duration, maximum: Int = RetryLater.defaultMaximum)
    /// Fails for good, whatever retries are left.
    case never
}

/// Fails the job at once, whatever retries it has left.
public struct PermanentFailure: Error, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ reason: String) { description = reason }
}

/// Puts the job off: it runs again after a pause, without spending a retry of its policy.
///
/// This is RQ's `return Retry(max=…, interval=…)`: counted in the field `number_of_retries`, and recorded as a
/// result of the kind ``JobResult/Outcome/retried``.
public struct RetryLater: Error, Sendable, Hashable, CustomStringConvertible {
    /// The pause; not negative, rounded up to milliseconds.
    public let pause: Duration
    /// How often in all a job may be put off like this before that fails it.
    public let maximum: Int
    public let description: String

    public static let defaultMaximum = 100

    public init(after pause: Duration, maximum: Int = Self.defaultMaximum, _ reason: String = "asked to be run later") {
        self.pause = max(.zero, pause)
        self.maximum = max(1, maximum)
        description = reason
    }
}
