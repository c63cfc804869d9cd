/// Something that a battery of runs must have seen at least once: otherwise its faults were too kind to show anything.
public enum Occurrence: String, Sendable, Hashable, Codable, CaseIterable {
    /// A lease ended while its holder was at work.
    case leaseLost = "lease-lost"
    /// A fence refused a holder whose time was over.
    case staleWriteRefused = "stale-write-refused"
    /// An acquisition needed more than one round of messages.
    case severalRounds = "several-rounds"
    /// A lock was refused because no majority of nodes could vote.
    case quorumLost = "quorum-lost"
    /// A lock was granted after that.
    case quorumRegained = "quorum-regained"
    /// A job ran again after its worker had died.
    case jobRecovered = "job-recovered"
    /// A job ran again after its program had been killed, and its worker not.
    case programReplaced = "program-replaced"

    /// How often it happened. Complexity: O(n).
    public func count(in history: History) -> Int {
        switch self {
        case .leaseLost: history.operations(HistoryFunction.release).count { $0.outcome == .fail }
        case .staleWriteRefused:
            history.witnessed(HistoryFunction.refused).count
                + history.operations.count { $0.outcome == .fail && $0.error?.hasPrefix("stale") == true }
        case .severalRounds: history.events.count { ($0.rounds ?? 1) > 1 }
        case .quorumLost: Self.refusals(in: history).count
        case .quorumRegained:
            Self.refusals(in: history).first.map { refused in
                history.operations(HistoryFunction.acquire).count {
                    $0.outcome == .ok && $0.invoked > (refused.completed ?? .max)
                }
            } ?? 0
        case .jobRecovered: JobRecovery.times(in: history).count
        case .programReplaced: Self.replacements(in: history)
        }
    }

    /// How a refusal's error begins that is due to a missing majority.
    public static let noMajority = "no majority"

    /// Executions that a worker saw end by SIGKILL and that were followed by another of the same job.
    private static func replacements(in history: History) -> Int {
        let runs = Dictionary(grouping: history.operations(HistoryFunction.run), by: \.key)
        return runs.values.reduce(0) { count, runs in
            count
                + runs.dropLast().count {
                    $0.error?.hasPrefix("failed: ") == true && $0.error?.contains("SIGKILL") == true
                }
        }
    }

    private static func refusals(in history: History) -> [HistoryOperation] {
        history.operations(HistoryFunction.acquire).filter {
            $0.outcome == .fail && $0.error?.hasPrefix(noMajority) == true
        }
    }
}
