import HoldfastJobs

/// How a job ended, for whoever waited for it.
struct OutcomeReport: Encodable {
    var id: String
    var queue: String
    var outcome: String?
    /// JSON, as text.
    var result: String?
    var failure: String?

    init(id: String, queue: String) {
        self.id = id
        self.queue = queue
    }

    init(_ result: JobResult, queue: QueueName) {
        self.init(id: result.jobID.text, queue: queue.text)
        let isSuccess = result.outcome == .successful
        outcome = isSuccess ? "finished" : "failed"
        self.result = isSuccess ? result.returnValue.map { String(decoding: $0, as: UTF8.self) } ?? "null" : nil
        failure = result.failure
    }

    /// Prints the result.
    ///
    /// - Throws: `CommandFailure` with exit status 1 if the job failed.
    func show(_ output: OutputOptions) throws {
        if output.json {
            try Output.standard.json(self)
        } else if let result {
            try Output.standard.line(result)
        }
        if outcome != "finished" { throw CommandFailure("the job \(id) failed: \(failure ?? "nothing says why")") }
    }
}
