import HoldfastRuntime

extension Roster {
    /// What time alone brings about.
    enum Due {
        case interruption(Execution, Execution.Interruption)
        /// A handler that was told to stop has not returned.
        case patience(Execution)
    }

    /// What is due by `now`; sets the alarm for what is due next.
    mutating func due(_ now: Instant) -> [Due] {
        var due: [Due] = []
        alarm = nil
        for entry in entries.values {
            guard let deadline = Self.deadline(of: entry) else { continue }
            if deadline > now {
                _ = setAlarm(deadline)
            } else if entry.patience != nil {
                due.append(.patience(entry.execution))
            } else if entry.execution.lease.deadline <= now {
                due.append(.interruption(entry.execution, .leaseExpired))
            } else {
                due.append(.interruption(entry.execution, .timedOut))
            }
        }
        return due
    }

    /// The handler is waited for no longer: its job is given back without it.
    mutating func abandon(_ execution: Execution, _ now: Instant) {
        guard let entry = entries[execution.id], case .running(_, let since) = entry.handler, entry.record == .none
        else { return }
        entries[execution.id]?.patience = nil
        complete(execution, .unfinished(begun: true), since: since, now)
    }

    /// - Returns: whether `deadline` comes before all that the timekeeper knows of.
    mutating func setAlarm(_ deadline: Instant) -> Bool {
        if let alarm, alarm <= deadline { return false }
        alarm = deadline
        return true
    }

    private static func deadline(of entry: Entry) -> Instant? {
        switch (entry.handler, entry.verdict) {
        case (.over, _): nil
        case (.notBegun, _): entry.execution.lease.deadline
        case (.running(_, let since), nil):
            entry.execution.timeout.map { min(entry.execution.lease.deadline, since.advanced(by: $0)) }
                ?? entry.execution.lease.deadline
        case (.running, _): entry.patience
        }
    }
}
