import Foundation

/// What RQ sends to a worker on `rq:pubsub:<worker>`, as JSON.
enum ControlMessage: Sendable, Hashable {
    case shutdown
    /// Fail what runs; jobs with retries left are tried again.
    case killHorse
    case stopJob(JobID)
    /// RQ 3.0.
    case stopExecution(JobID, String)

    /// Longer messages are none of RQ's.
    static let maximumBytes = 4096

    private struct Wire: Codable {
        var command: String
        var jobID: String?
        var executionID: String?

        enum CodingKeys: String, CodingKey {
            case command
            case jobID = "job_id"
            case executionID = "execution_id"
        }
    }

    /// Nil for what a worker does not understand: anybody may publish anything.
    init?(_ bytes: [UInt8]) {
        guard bytes.count <= Self.maximumBytes,
            let wire = try? JSONDecoder().decode(Wire.self, from: Data(bytes))
        else { return nil }
        switch wire.command {
        case "shutdown": self = .shutdown
        case "kill-horse": self = .killHorse
        case "stop-job":
            guard let job = wire.jobID.flatMap({ try? JobID($0) }) else { return nil }
            self = .stopJob(job)
        case "stop-execution":
            guard let job = wire.jobID.flatMap({ try? JobID($0) }), let execution = wire.executionID else {
                return nil
            }
            self = .stopExecution(job, execution)
        default: return nil
        }
    }

    var encoded: [UInt8] {
        switch self {
        case .shutdown: Array(#"{"command": "shutdown"}"#.utf8)
        case .killHorse: Array(#"{"command": "kill-horse"}"#.utf8)
        case .stopJob(let job): Array(#"{"command": "stop-job", "job_id": "\#(job)"}"#.utf8)
        case .stopExecution(let job, let execution):
            Array(#"{"command": "stop-execution", "job_id": "\#(job)", "execution_id": "\#(execution)"}"#.utf8)
        }
    }
}
