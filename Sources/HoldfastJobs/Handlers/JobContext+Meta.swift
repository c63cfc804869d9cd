import Foundation
import HoldfastRedis

extension JobContext {
    /// The name in `meta` of what ``report(progress:_:)`` says.
    static let progressName = "progress"
    static let noteName = "progress_note"

    /// Tells how far the job is: Python's `job.meta['progress']`, our ``JobRecord/progress``.
    ///
    /// Costs nothing here and never waits: the worker saves it within a quarter of a second, with all others in one
    /// round trip, and the last one before the outcome. It is not saved when the lease is lost.
    /// - Parameters:
    ///   - progress: 0 to 1; other numbers are brought to the nearer end.
    ///   - note: For people, such as `3 of 7 pages`; cut to 1000 characters.
    public func report(progress: Double, _ note: String? = nil) {
        let bounded = progress.isNaN ? 0 : min(max(progress, 0), 1)
        write(Self.progressName, Array(String(bounded).utf8))
        if let note, let json = try? JobPayload.encode(String(note.prefix(1000)), as: "a note") {
            write(Self.noteName, json)
        }
    }

    /// Sets a value of the job's `meta`, as ``report(progress:_:)`` does. Other names stay as they are, also those that
    /// the producer gave.
    /// - Throws: ``JobsError`` with `unreadable` when it cannot be written as JSON, or `tooLarge`.
    public func setMeta(_ name: String, _ value: some Encodable) throws(JobsError) {
        let json = try JobPayload.encode(value, as: "meta.\(name)")
        guard json.count + name.utf8.count < NewJob.maximumMetaBytes else {
            throw JobsError(.tooLarge, "a job's meta takes at most \(NewJob.maximumMetaBytes) bytes")
        }
        write(name, json)
    }

    /// A value of the job's `meta`: what this execution has set, or what stands in the record.
    /// - Returns: nil when there is none.
    /// - Throws: ``JobsError`` with `redis`, or `unreadable` when it is no `Value`.
    public func meta<Value: Decodable>(
        _ name: String, as type: Value.Type = Value.self
    ) async throws(JobsError) -> Value? {
        guard let json = board.value(name) else { return try await record()?.meta(name, as: type) }
        do {
            return try JSONDecoder.rq.decode(type, from: Data(json))
        } catch {
            throw JobsError(.unreadable, "meta.\(name) is no \(type): \(JobPayload.reason(error))")
        }
    }

    /// The job's whole record as it stands now; nil when it was deleted.
    /// - Throws: ``JobsError`` with `redis` or `unreadable`.
    public func record() async throws(JobsError) -> JobRecord? {
        try await Queue(queue, client: client, keys: keys).fetch(jobID)
    }

    private func write(_ name: String, _ json: [UInt8]) {
        board.set(name, json)
        pump.mark(board)
    }
}
