/// What happens to a client's connection. A new incarnation shows as another `runID` in `connected`.
public enum ConnectionEvent: Sendable, Hashable {
    case connected(ServerInfo)
    /// An established connection ended.
    case disconnected(RedisError)
    /// An attempt failed; the next follows after `pause`.
    case attemptFailed(RedisError, pause: Duration)
}
