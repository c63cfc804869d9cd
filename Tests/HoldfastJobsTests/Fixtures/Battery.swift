import Foundation

/// How much the batteries do: a short part in `make test`, everything in `make test-jobs-long`.
enum Battery {
    static let isLong = ProcessInfo.processInfo.environment["HOLDFAST_LONG"] == "1"

    /// The rounds of a battery; what a round does follows from its number.
    static func rounds(short: Int, long: Int) -> [Int] { Array(1...(isLong ? long : short)) }
}
