/// A function that is called with a job's outcome: RQ's `Callback`.
///
/// Our workers run it as a job of its own, after the outcome was recorded; see ``CallbackCall``. It is tried again by
/// itself when it fails, and never makes the job run again.
public struct Callback: Sendable, Hashable, ExpressibleByStringLiteral {
    /// The function's name, as a worker's handlers know it.
    public var function: String
    /// The time one execution of it may take; whole seconds, rounded up.
    public var timeout: Duration

    public init(_ function: String, timeout: Duration = .seconds(60)) {
        self.function = function
        self.timeout = timeout
    }

    public init(stringLiteral function: String) { self.init(function) }

    /// - Parameter kind: `success`, `failure` or `stopped`, as in RQ's fields.
    func fields(_ kind: String) throws(JobsError) -> [JobField] {
        try JobPayload.validate(function: function)
        guard timeout > .zero else { throw JobsError(.invalid, "a callback's timeout must be longer than zero") }
        return [
            JobField("\(kind)_callback_name", function),
            JobField("\(kind)_callback_timeout", String(timeout.secondsRoundedUp)),
        ]
    }
}
