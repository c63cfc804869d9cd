/// Where on its way a script's call is.
public enum Moment: String, Sendable, CaseIterable {
    /// About to be handed to the socket: what strikes here keeps it from the server.
    case unsent
    /// Just handed to the socket: the server may or may not run it.
    case sent
    /// The first bytes that come back after the call are here, and nobody has read them.
    case answered
}
