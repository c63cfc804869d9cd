import HoldfastRuntime

/// RQ's text form of a time: UTC, `2026-11-23T13:36:06.123456Z`; readers also take it without the fraction.
enum RQTime {
    static func format(_ time: WallTime) -> String {
        let (seconds, fraction) = time.microseconds.quotientAndRemainderFlooring(by: 1_000_000)
        let (days, rest) = seconds.quotientAndRemainderFlooring(by: 86_400)
        let date = CivilDate(day: days)
        return pad(date.year, 4) + "-" + pad(date.month, 2) + "-" + pad(date.day, 2) + "T"
            + pad(rest / 3600, 2) + ":" + pad(rest / 60 % 60, 2) + ":" + pad(rest % 60, 2) + "." + pad(fraction, 6)
            + "Z"
    }

    /// Unix seconds with their fraction, such as `1795397674.358344`: how executions and results are stamped.
    static func seconds(_ time: WallTime) -> String {
        let (seconds, fraction) = time.microseconds.quotientAndRemainderFlooring(by: 1_000_000)
        return "\(seconds)." + pad(fraction, 6)
    }

    /// Such a stamp; nil for anything else.
    static func parseSeconds(_ text: String) -> WallTime? {
        let halves = text.split(separator: ".", maxSplits: 1)
        guard halves.count == 2, halves[1].utf8.count == 6, let seconds = Int64(halves[0]),
            let fraction = Int64(halves[1])
        else { return nil }
        return WallTime(microseconds: seconds * 1_000_000 + fraction)
    }

    /// Nil for the empty text (unset) and for anything that is no time.
    static func parse(_ text: String) -> WallTime? {
        guard text.hasSuffix("Z") else { return nil }
        let halves = text.dropLast().split(separator: "T", omittingEmptySubsequences: false)
        guard halves.count == 2 else { return nil }
        let date = halves[0].split(separator: "-", omittingEmptySubsequences: false).map { Int64($0) }
        let clock = halves[1].split(separator: ":", omittingEmptySubsequences: false)
        guard date.count == 3, let year = date[0], let month = date[1], let day = date[2], clock.count == 3,
            (1...9999).contains(year), (1...12).contains(month), (1...31).contains(day),
            let hour = Int64(clock[0]), let minute = Int64(clock[1]), let second = Double(clock[2]),
            (0..<24).contains(hour), (0..<60).contains(minute), (0..<61).contains(second)
        else { return nil }
        let whole = CivilDate(year: year, month: month, day: day).dayNumber * 86_400 + hour * 3600 + minute * 60
        return WallTime(microseconds: whole * 1_000_000 + Int64((second * 1e6).rounded()))
    }

    private static func pad(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
