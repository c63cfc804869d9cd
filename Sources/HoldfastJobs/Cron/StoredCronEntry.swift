import Foundation
import HoldfastRedis
public import HoldfastRuntime

/// A cron entry as it stands in Redis, with the fields of the jobs to come.
public struct StoredCronEntry: Sendable, Hashable {
    public let name: String
    public let schedule: CronSchedule
    public let queue: QueueName
    /// The call, such as `tasks.add(1, b=2)`, or the job's own description.
    public let job: String
    /// When it is due next; nil if never again.
    public let due: WallTime?
    /// When it was last enqueued; nil if never.
    public let lastEnqueued: WallTime?

    /// As stored; a tick is only made from what still stands there.
    let json: String
    let placement: String
    let fields: [[String]]

    /// The value in the hash of entries. Texts only: payloads are stored uncompressed.
    struct Record: Codable {
        var schedule: String
        var zone: String
        var queue: String
        var placement: String
        var fields: [[String]]
    }

    /// - Throws: ``JobsError`` with `unreadable`.
    init(name: String, json: String, due: WallTime?, lastEnqueued: WallTime? = nil) throws(JobsError) {
        do {
            let record = try JSONDecoder.rq.decode(Record.self, from: Data(json.utf8))
            schedule = try CronSchedule(record.schedule, zone: record.zone)
            queue = try QueueName(record.queue)
            guard record.fields.allSatisfy({ $0.count == 2 }) else {
                throw JobsError(.unreadable, "its fields are no pairs")
            }
            placement = record.placement
            fields = record.fields
        } catch {
            throw JobsError(.unreadable, "the cron entry \(name) cannot be read (\(error)): define it anew")
        }
        job = fields.first { $0[0] == "description" }?[1] ?? ""
        self.name = name
        self.json = json
        self.due = due
        self.lastEnqueued = lastEnqueued
    }

    /// - Throws: ``JobsError`` with `invalid`, `unreadable` or `tooLarge`.
    static func json(_ entry: CronEntry) throws(JobsError) -> [UInt8] {
        let job = entry.job
        let own = [["data", String(decoding: job.payload.json, as: UTF8.self)], ["description", job.description]]
        let fields = own + (try job.fields(queue: entry.queue)).map { [$0.name, $0.value] }
        return try JobPayload.encode(
            Record(
                schedule: entry.schedule.description, zone: entry.schedule.zone, queue: entry.queue.text,
                placement: String(decoding: try job.placement(), as: UTF8.self), fields: fields),
            as: "the cron entry \(entry.name)")
    }
}
