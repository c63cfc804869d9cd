import HoldfastJobs
import HoldfastRuntime

/// What a program is told of its job in its environment.
enum JobVariables {
    /// What a worker is told and its programs are not: whoever may enqueue could print it.
    static let withheld: Set<String> = ["HOLDFAST_WEBHOOK_SECRET"]

    static func variables(_ context: JobContext) -> [String: String] {
        var variables = [
            "HOLDFAST_JOB_ID": context.jobID.text,
            "HOLDFAST_JOB_FUNCTION": context.function,
            "HOLDFAST_JOB_QUEUE": context.queue.text,
            "HOLDFAST_JOB_EXECUTION": context.executionID,
            "HOLDFAST_JOB_ATTEMPT": "\(context.attempt)",
            "HOLDFAST_JOB_CRASHES": "\(context.crashes)",
            "HOLDFAST_JOB_TOKEN": "\(context.token)",
            "HOLDFAST_JOB_IDEMPOTENCY_KEY": context.idempotencyKey(step: "run"),
            "HOLDFAST_WORKER": context.workerName,
        ]
        if let deadline = context.deadline {
            let left = context.runtime.now.duration(to: deadline)
            let end = context.runtime.wallTime.microseconds + left.nanoseconds / 1000
            // Whole seconds, rounded down, so that a shell can count with them.
            variables["HOLDFAST_JOB_DEADLINE"] = "\(end / 1_000_000)"
        }
        return variables
    }
}
