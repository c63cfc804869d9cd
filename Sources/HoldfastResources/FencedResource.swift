public import HoldfastLocks

/// A named value that checks fencing tokens: raise, read, apply.
///
/// A new holder first *raises* the fence to its token, and so learns the value: from then on a write with a lower
/// token is refused, also one that was on its way already. Without raising first, a stale write could land between
/// the new holder's read and its first write, and be overwritten unseen.
///
/// Bounds, the same for all adapters: names have 1 to 512 bytes, tokens are 1 to 2^53 - 1, values have at most 256 MiB;
/// beyond them ``ResourceError/invalid(_:)``. Names and idempotency keys are equal when their UTF-8 bytes are.
/// Cancelling the caller's task ends its wait with ``ResourceError/unavailable(_:)``, not necessarily the write.
///
/// `HoldfastConformance` puts any implementation to the test.
public protocol FencedResource: Sendable {
    /// Raises the fence to `token` and reads the value, in one atomic step. Repeating it does no harm.
    /// - Returns: The value, nil before the first write.
    /// - Throws: ``ResourceError/stale(resource:token:fence:)`` when a later holder has been here.
    func raise(to token: FencingToken) async throws(ResourceError) -> [UInt8]?

    /// Reads the value, unless a later holder has been here.
    func read(_ token: FencingToken) async throws(ResourceError) -> [UInt8]?

    /// Writes the value once: check, write and the record of `key` are one atomic step. A repeat with the same key
    /// and value writes nothing and returns the first receipt, whatever its token. A refused write consumes neither
    /// the key nor a number of the sequence.
    /// - Throws: ``ResourceError/stale(resource:token:fence:)``, ``ResourceError/keyReused(key:)`` for another value.
    func apply(
        _ value: [UInt8], token: FencingToken, key: IdempotencyKey
    ) async throws(ResourceError) -> WriteReceipt
}

/// Proof of a write.
public struct WriteReceipt: Sendable, Hashable {
    /// The token with which it was written first.
    public var token: FencingToken
    /// The writes of this resource are numbered from one.
    public var sequence: Int64
    /// Whether this call only repeated an earlier one.
    public var isReplay: Bool

    public init(token: FencingToken, sequence: Int64, isReplay: Bool) {
        self.token = token
        self.sequence = sequence
        self.isReplay = isReplay
    }
}
