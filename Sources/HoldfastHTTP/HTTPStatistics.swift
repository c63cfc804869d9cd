/// Counters of an `HTTPClient` since it was made; the first two are levels.
public struct HTTPStatistics: Sendable, Hashable {
    /// libcurl handles that exist now. 0 whenever nothing is in flight: a test reads it to prove that none leaks.
    public var openHandles = 0
    /// Requests accepted and not finished: waiting, on the wire, or with a body still to be read by the caller.
    public var unfinished = 0
    public var connectionsOpened = 0
    /// Times a transfer stopped because its reader was slower than the network.
    public var pauses = 0
    /// Most bytes that ever waited for one reader.
    public var peakBuffered = 0
}
