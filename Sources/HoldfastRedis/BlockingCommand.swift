import HoldfastRuntime

/// A command that waits at the server. It needs a connection of its own, so it has a type of its own.
public struct BlockingCommand: Sendable, Hashable {
    let encoded: [UInt8]
    /// How long the server holds the reply back at most.
    public let timeout: Duration

    /// `BLMOVE source destination from to timeout`. With both keys equal and both ends LEFT it waits until the list
    /// has an entry, and changes nothing.
    public static func blmove(
        _ source: RedisArgument, _ destination: RedisArgument, from: ListEnd, to: ListEnd, timeout: Duration
    ) -> BlockingCommand {
        BlockingCommand(
            "BLMOVE", [source, destination, RedisArgument(from.rawValue), RedisArgument(to.rawValue)], last: timeout)
    }

    public static func blpop(_ keys: [RedisArgument], timeout: Duration) -> BlockingCommand {
        BlockingCommand("BLPOP", keys, last: timeout)
    }

    public static func brpop(_ keys: [RedisArgument], timeout: Duration) -> BlockingCommand {
        BlockingCommand("BRPOP", keys, last: timeout)
    }

    /// `XREAD BLOCK ms STREAMS stream after`: entries of one stream behind the id `after`.
    public static func xread(_ stream: RedisArgument, after: RedisArgument, timeout: Duration) -> BlockingCommand {
        BlockingCommand(
            encoded: RESPEncoder.encode(
                "XREAD", ["BLOCK", RedisArgument(max(1, timeout.milliseconds)), "STREAMS", stream, after]),
            timeout: timeout)
    }

    public enum ListEnd: String, Sendable { case left = "LEFT", right = "RIGHT" }

    private init(encoded: [UInt8], timeout: Duration) {
        self.encoded = encoded
        self.timeout = timeout
    }

    // Redis takes seconds with a fraction; zero would mean for ever, which no bounded wait wants.
    private init(_ name: String, _ arguments: [RedisArgument], last timeout: Duration) {
        let bounded = max(timeout, .milliseconds(1))
        encoded = RESPEncoder.encode(name, arguments + [RedisArgument(bounded.seconds)])
        self.timeout = bounded
    }
}
