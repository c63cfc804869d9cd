/// What happens to locks, for metrics and histories.
public enum LockEvent: Sendable {
    /// Issued in `rounds` rounds of messages; `waited` since the first attempt.
    case acquired(Lease, waited: Duration)
    case refused(name: LockName, LockError)
    case renewed(Lease)
    case lost(Lease, reason: String)
    case released(Lease)
}
