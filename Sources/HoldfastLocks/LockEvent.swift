/// What happens to locks, for metrics and histories.
public enum LockEvent: Sendable {
    /// Issued in `rounds` rounds of messages; `waited` since the first attempt.
    case acquired(Lease, waited: Duration)
    case refused(names: [LockName], LockError)
    case renewed(Lease)
    /// Told when the loss is declared, while the holder may still be at work.
    case lost(Lease, reason: String)
    case released(Lease)
}
