/// The physical seams: time and chance. Nothing else in Holdfast reads a clock, sleeps or draws a random number,
/// so that the same code runs live, in tests and under a seeded simulation.
public protocol Runtime: Sendable {
    /// Now, on a clock that counts suspension.
    var now: Instant { get }

    /// Now, in civil time.
    var wallTime: WallTime { get }

    /// Suspends until `deadline`; throws `CancellationError` as soon as the task is cancelled.
    func sleep(until deadline: Instant) async throws

    /// 64 uniformly random bits.
    func randomBits() -> UInt64

    /// Tells that the program has come to a named point, between two steps that a crash or a pause may tear apart.
    /// Live it does nothing; chaos and simulation stop, kill or delay the process there.
    func reach(_ point: String) async

    /// As ``reach(_:)``, at a point where the program cannot wait: a process can be stopped or killed there, a task
    /// cannot be delayed. Must return quickly; locks may be held.
    func pass(_ point: String)
}

extension Runtime {
    public func reach(_ point: String) async {}

    public func pass(_ point: String) {}

    public func sleep(for duration: Duration) async throws {
        try await sleep(until: now.advanced(by: duration))
    }

    /// A uniform number in `0..<1`, with 53 random bits.
    public func randomUnit() -> Double { Double(randomBits() >> 11) * 0x1p-53 }

    /// A uniform span in `0...limit`: "full jitter" (Brooker, *Exponential Backoff And Jitter*, AWS 2015).
    public func jitter(upTo limit: Duration) -> Duration {
        .nanoseconds(Int64(randomUnit() * Double(limit.nanoseconds)))
    }

    /// `count` random bytes as lower-case hexadecimal digits, two a byte.
    public func randomHex(bytes count: Int) -> String {
        String(unsafeUninitializedCapacity: count * 2) { digits in
            var bits: UInt64 = 0
            for index in 0..<count * 2 {
                if index % 16 == 0 { bits = randomBits() }
                let digit = UInt8(bits & 15)
                digits[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
                bits >>= 4
            }
            return count * 2
        }
    }
}
