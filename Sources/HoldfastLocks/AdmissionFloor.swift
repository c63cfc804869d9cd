import HoldfastRuntime

/// Above which number a node begins to issue tokens when an operator admits it.
public enum AdmissionFloor: Sendable, Hashable {
    /// Above what a majority of other admitted nodes knows; without such a majority the admission is refused.
    case fromOtherNodes
    /// Above this number too, which the operator knows to be no smaller than any token ever issued: the largest that
    /// the fenced resources remember, for example.
    case atLeast(Int64)
    /// Above the microseconds since 2020 too, read from the clocks of this machine and of the node, whichever is ahead.
    ///
    /// Every grant of any node raises the largest number in the cluster by two at most, so that number is no larger
    /// than twice the count of all grants (and a thousand more for each admission). A cluster that was initialised
    /// after 2020 and granted less than half a million locks a second since, on average, has issued smaller tokens
    /// only; the clocks
    /// reach the largest number allowed, 2^52, in 2162. Refused when the two clocks differ by more than ten seconds:
    /// one of them is wrong then, and a clock that is behind may repeat tokens.
    case fromClock

    /// The largest that is accepted: it leaves as many tokens above it.
    public static let maximum: Int64 = 1 << 52

    /// The floor that a clock gives; nil before 2020 or beyond ``maximum``.
    static func value(at time: WallTime) -> Int64? {
        let value = time.microseconds - 1_577_836_800_000_000
        return (0...maximum).contains(value) ? value : nil
    }
}
