import HoldfastCluster
import HoldfastLocks
import HoldfastRedis
import HoldfastResources

/// Why a command ends without success: one sentence that says what happened and what to do.
struct CommandFailure: Error, Hashable {
    var sentence: String
    var code: ExitCode

    init(_ sentence: String, code: ExitCode = .failed) {
        self.sentence = sentence
        self.code = code
    }
}

/// An error of another room whose description is such a sentence already.
protocol ExplainedFailure: Error, CustomStringConvertible {
    var exitCode: ExitCode { get }
}

extension ClusterError: ExplainedFailure {
    var exitCode: ExitCode {
        switch self {
        case .invalidConfiguration: .usage
        case .serverNotFound, .noCluster, .directory: .unavailable
        case .cancelled: .interrupted
        default: .failed
        }
    }
}

extension RedisError: ExplainedFailure {
    var exitCode: ExitCode {
        switch code {
        case .invalidConfiguration: .usage
        case .unreachable, .handshakeRefused, .protocolViolation, .timedOut, .disconnected: .unavailable
        case .cancelled: .interrupted
        default: .failed
        }
    }
}

extension LockError: ExplainedFailure {
    var exitCode: ExitCode {
        switch self {
        case .invalid: .usage
        case .unavailable: .unavailable
        case .cancelled: .interrupted
        case .held: .notAcquired
        case .lost: .lost
        }
    }
}

extension AdmissionError: ExplainedFailure {
    var exitCode: ExitCode {
        switch self {
        case .invalid: .usage
        case .unreachable: .unavailable
        case .tooEarly: .notAcquired
        case .refused: .failed
        case .cancelled: .interrupted
        }
    }
}

extension ResourceError: ExplainedFailure {
    var exitCode: ExitCode {
        switch self {
        case .invalid: .usage
        case .unavailable: .unavailable
        case .stale, .keyReused, .refused: .failed
        }
    }
}
