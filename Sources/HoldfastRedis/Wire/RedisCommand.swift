/// A command, already encoded as a RESP array of bulk strings
/// (https://redis.io/docs/latest/develop/reference/protocol-spec/).
///
/// Encoding happens in the caller's task, once, even when the same bytes go to several servers.
public struct RedisCommand: Sendable, Hashable {
    let encoded: [UInt8]

    /// Whether repeating it after an unknown outcome does no harm. Only such commands are retried by a client.
    public private(set) var isIdempotent = false

    /// Commands that wait at the server would stall everybody behind them on a shared connection.
    static let blockingNames: Set<String> = [
        "BLPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH", "BLMPOP", "BZPOPMIN", "BZPOPMAX", "BZMPOP", "WAIT", "WAITAOF",
        "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "MONITOR", "SYNC", "PSYNC",
    ]

    /// - Precondition: `name` is not a command that blocks or that turns the connection into a stream: those are
    ///   ``BlockingCommand`` and ``RedisSubscriber``.
    public init(_ name: String, _ arguments: RedisArgument...) {
        self.init(name, arguments: arguments)
    }

    public init(_ name: String, arguments: [RedisArgument]) {
        precondition(
            !Self.blockingNames.contains(name.uppercased()),
            "\(name) would block a shared connection: use BlockingCommand or RedisSubscriber")
        self.init(unchecked: name, arguments: arguments)
    }

    init(unchecked name: String, arguments: [RedisArgument]) {
        encoded = RESPEncoder.encode(name, arguments)
    }

    init(encoded: [UInt8]) { self.encoded = encoded }

    /// The same command, marked as harmless to repeat.
    public var idempotent: RedisCommand {
        var copy = self
        copy.isIdempotent = true
        return copy
    }

    /// Encodes a command of `count` arguments more than those given; whoever sends it appends them, each as
    /// ``encodeArgument(_:)`` gives it. So one encoding serves several servers that differ in the last arguments.
    public static func encodePrefix(_ name: String, _ arguments: [RedisArgument], missing count: Int) -> [UInt8] {
        RESPEncoder.encode(name, arguments, missing: count)
    }

    public static func encodeArgument(_ argument: RedisArgument) -> [UInt8] {
        var bytes: [UInt8] = []
        RESPEncoder.append(argument.bytes, to: &bytes)
        return bytes
    }
}

enum RESPEncoder {
    static func encode(_ name: String, _ arguments: [RedisArgument], missing: Int = 0) -> [UInt8] {
        var size = 32 + name.utf8.count
        for argument in arguments { size += argument.bytes.count + 24 }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size)
        bytes.append(UInt8(ascii: "*"))
        append(number: arguments.count + 1 + missing, to: &bytes)
        var name = name
        name.withUTF8 { append($0, to: &bytes) }
        for argument in arguments { append(argument.bytes, to: &bytes) }
        return bytes
    }

    /// A script's call: name, script or digest, number of keys, keys, arguments. Without an array in between that holds
    /// them all, for locks call scripts by the ten thousand a second.
    static func encodeCall(
        _ name: String, _ script: [UInt8], keys: [RedisArgument], arguments: [RedisArgument], missing: Int
    ) -> [UInt8] {
        var size = 0
        for argument in arguments { size += argument.bytes.count + 24 }
        var bytes = beginCall(name, script, keys: keys, arguments: arguments.count + missing, size: size)
        for argument in arguments { append(argument.bytes, to: &bytes) }
        return bytes
    }

    static func encodeCall(
        _ name: String, _ script: [UInt8], keys: [RedisArgument], arguments: RedisArguments
    ) -> [UInt8] {
        let encoded = arguments.encoded
        return beginCall(name, script, keys: keys, arguments: arguments.count, size: encoded.count) + encoded
    }

    /// - Parameter size: How many bytes will follow, about.
    private static func beginCall(
        _ name: String, _ script: [UInt8], keys: [RedisArgument], arguments: Int, size: Int
    ) -> [UInt8] {
        var size = 80 + name.utf8.count + script.count + size
        for key in keys { size += key.bytes.count + 24 }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size)
        bytes.append(UInt8(ascii: "*"))
        append(number: 3 + keys.count + arguments, to: &bytes)
        append(name.utf8, to: &bytes)
        append(script, to: &bytes)
        append(String(keys.count).utf8, to: &bytes)
        for key in keys { append(key.bytes, to: &bytes) }
        return bytes
    }

    static func append(_ text: some Collection<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "$"))
        append(number: text.count, to: &bytes)
        bytes.append(contentsOf: text)
        bytes.append(13)
        bytes.append(10)
    }

    private static func append(number: Int, to bytes: inout [UInt8]) {
        if number >= 1000 {
            bytes.append(contentsOf: String(number).utf8)
        } else {
            // Most are lengths of keys and values, or small counts.
            if number >= 100 { bytes.append(UInt8(ascii: "0") + UInt8(number / 100)) }
            if number >= 10 { bytes.append(UInt8(ascii: "0") + UInt8(number / 10 % 10)) }
            bytes.append(UInt8(ascii: "0") + UInt8(number % 10))
        }
        bytes.append(13)
        bytes.append(10)
    }
}
