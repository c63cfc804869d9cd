/// Arguments that are encoded as they come, one behind the other: for calls that have them by the thousand, where each
/// ``RedisArgument`` would be an allocation.
public struct RedisArguments: Sendable, Hashable {
    public private(set) var count = 0
    private(set) var encoded: [UInt8] = []

    public init() {}

    public mutating func append(_ bytes: [UInt8]) { encode(bytes) }

    public mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { encode($0) }
    }

    public mutating func append(_ number: Int) { append(String(number)) }

    public mutating func append(contentsOf others: RedisArguments) {
        encoded += others.encoded
        count += others.count
    }

    /// Keeps the memory, for those to come.
    public mutating func removeAll() {
        encoded.removeAll(keepingCapacity: true)
        count = 0
    }

    private mutating func encode(_ bytes: some Collection<UInt8>) {
        RESPEncoder.append(bytes, to: &encoded)
        count += 1
    }
}
