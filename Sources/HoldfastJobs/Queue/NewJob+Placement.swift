import Foundation
import HoldfastRedis
import HoldfastRuntime

extension NewJob {
    /// What the enqueue script is told beside the fields, in JSON; empty for a job that just goes to the end.
    func placement() throws(JobsError) -> [UInt8] {
        var placement = Placement()
        if options.atFront { placement.front = true }
        placement.ttl = options.queueTTL?.secondsRoundedUp
        switch options.start {
        case .at(let time): placement.at = Double(time.microseconds) / 1e6
        case .after(let span): placement.delay = Double(span.nanoseconds) / 1e9
        case nil: break
        }
        if let unique = options.unique {
            placement.unique = unique.text
            if unique.whenLive == .adopt { placement.adopt = true }
        }
        if !options.dependencies.isEmpty {
            placement.after = options.dependencies.map(\.text)
            if options.toleratesFailedDependencies { placement.tolerant = true }
        }
        placement.group = options.group?.text
        placement.limit = options.limit?.key
        if placement == Placement() { return [] }
        return try JobPayload.encode(placement, as: "a job's options")
    }

    /// Read by ``JobScripts/enqueue``.
    private struct Placement: Encodable, Equatable {
        var front: Bool?
        var ttl: Int64?
        var at: Double?
        var delay: Double?
        var unique: String?
        var adopt: Bool?
        var after: [String]?
        var tolerant: Bool?
        var group: String?
        var limit: String?
    }
}
