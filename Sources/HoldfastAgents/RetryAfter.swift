internal import HoldfastRuntime

/// The value of a Retry-After header (RFC 9110 §10.2.3): whole seconds, or a date.
enum RetryAfter {
    /// How long to wait, `now` being the wall clock; nil when the value is neither. A date in the past is zero.
    static func wait(_ value: String, now: WallTime) -> Duration? {
        if !value.isEmpty, value.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) {
            return .seconds(Int64(value) ?? Int64(Int32.max))
        }
        guard let date = seconds(value) else { return nil }
        let microseconds = date.multipliedReportingOverflow(by: 1_000_000).partialValue - now.microseconds
        return .microseconds(max(0, microseconds))
    }

    /// Seconds since 1970 of an IMF-fixdate, the only form that may be sent: `Sun, 06 Nov 1994 08:49:37 GMT`.
    private static func seconds(_ text: String) -> Int64? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard parts.count == 6, parts[0].count == 4, parts[0].last == ",", parts[5] == "GMT",
            let day = Int64(parts[1]), let month = months.firstIndex(of: String(parts[2])),
            let year = Int64(parts[3]), (1...31).contains(day), (1970...9999).contains(year)
        else { return nil }
        let clock = parts[4].split(separator: ":", omittingEmptySubsequences: false).map { Int64($0) }
        guard clock.count == 3, let hour = clock[0], let minute = clock[1], let second = clock[2],
            (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        return days(year, Int64(month) + 1, day) * 86400 + hour * 3600 + minute * 60 + second
    }

    /// Days since 1970-01-01 of a Gregorian date (Hinnant, *chrono-Compatible Low-Level Date Algorithms*).
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
