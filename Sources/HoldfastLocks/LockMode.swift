/// How a lock is held.
public enum LockMode: String, Sendable, Hashable, Codable {
    /// By one alone.
    case exclusive
    /// Together with other readers, while no writer holds it.
    case shared
}
