import Foundation

/// The arguments of a delivery, as the script that records an outcome writes them.
struct WebhookCall: Decodable, Sendable {
    let hook: Webhook
    let jobID: String
    let queue: String
    let enqueuedAt: String?
    let endedAt: String
    let failure: String?

    enum CodingKeys: String, CodingKey {
        case hook
        case jobID = "job_id"
        case queue
        case enqueuedAt = "enqueued_at"
        case endedAt = "ended_at"
        case failure = "exc_string"
    }

    private struct Body: Encodable {
        let type: String
        let timestamp: String
        let job_id: String
        let queue: String
        let func_name: String?
        let status: String
        let enqueued_at: String?
        let ended_at: String
        let exc_info: String?
    }

    /// RQ's payload, and what the Standard Webhooks specification recommends: `type` and `timestamp`.
    func body(_ context: JobContext) async throws -> [UInt8] {
        var function: String?
        if let id = try? JobID(jobID) {
            let record = try await Queue(context.queue, client: context.client, keys: context.keys).fetch(id)
            function = try? record?.payload().function()
        }
        return try JobPayload.encode(
            Body(
                type: "job.\(hook.event.rawValue)", timestamp: endedAt, job_id: jobID, queue: queue,
                func_name: function, status: hook.event.rawValue, enqueued_at: enqueuedAt, ended_at: endedAt,
                exc_info: failure.map(JobResult.decode(failure:))),
            as: "a webhook")
    }
}
