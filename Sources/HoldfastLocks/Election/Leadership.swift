/// One candidate's time in office.
public struct Leadership: Sendable {
    /// Grows with every election. Show it with every write to a fenced resource: an old leader that was paused is then
    /// refused, however sure it is of itself.
    public var term: FencingToken { lease.token }
    public let candidate: String
    public let lease: Lease
}

/// Who leads, seen from outside.
public struct Leader: Sendable, Hashable {
    public var candidate: String
    public var term: FencingToken
}
