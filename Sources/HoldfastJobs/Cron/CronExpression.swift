/// A crontab line's five fields: minute, hour, day of the month, month, day of the week.
///
/// Also `@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight` and `@hourly`. As crontab(5) says: where
/// neither of the two days begins with a star, either of them is enough; otherwise both must match.
public struct CronExpression: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    let minute: CronField
    let hour: CronField
    let day: CronField
    let month: CronField
    let weekday: CronField

    private static let nicknames = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
    ]
    /// A line that never comes within so many years is refused. Two leap days lie at most eight years apart.
    static let horizonYears: Int64 = 12

    /// - Throws: ``JobsError`` with `invalid`, also for days that never come, such as 30 February.
    public init(_ text: String) throws(JobsError) {
        let line = Self.nicknames[text.lowercased()] ?? text
        let fields = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard fields.count == 5, text.utf8.count <= 1024 else {
            throw JobsError(
                .invalid,
                "\"\(text.prefix(80))\" is no crontab line: use five fields (minute hour day month weekday) or "
                    + Self.nicknames.keys.sorted().joined(separator: ", "))
        }
        description = text
        minute = try CronField(fields[0], .minute)
        hour = try CronField(fields[1], .hour)
        day = try CronField(fields[2], .day)
        month = try CronField(fields[3], .month)
        weekday = try CronField(fields[4], .weekday)
        if firstMatch(from: 0) == nil {
            throw JobsError(.invalid, "\"\(text.prefix(80))\" names a day that never comes")
        }
    }

    /// Whether it means "every so often" rather than a time of the day: such lines follow the clock through a change
    /// of the time zone's offset.
    var isWildcard: Bool { minute.isStar || hour.isStar }

    /// The first matching minute from `start` on, both in minutes of a local calendar since 1970; nil if there is
    /// none within ``horizonYears``.
    func firstMatch(from start: Int64) -> Int64? {
        var (dayNumber, minuteOfDay) = start.quotientAndRemainderFlooring(by: 1440)
        let last = CivilDate(day: dayNumber).year + Self.horizonYears
        while true {
            let date = CivilDate(day: dayNumber)
            if date.year > last { return nil }
            guard month.allows(date.month) else {
                (dayNumber, minuteOfDay) = (date.firstOfNextMonth.dayNumber, 0)
                continue
            }
            if matches(date), let found = firstMinute(from: minuteOfDay) { return dayNumber * 1440 + found }
            (dayNumber, minuteOfDay) = (dayNumber + 1, 0)
        }
    }

    private func matches(_ date: CivilDate) -> Bool {
        let (byDay, byWeekday) = (day.allows(date.day), weekday.allows(date.weekday))
        return day.isStar || weekday.isStar ? byDay && byWeekday : byDay || byWeekday
    }

    private func firstMinute(from start: Int64) -> Int64? {
        var (hourOfDay, minuteOfHour) = (start / 60, start % 60)
        while let nextHour = hour.first(from: hourOfDay) {
            if nextHour > hourOfDay { minuteOfHour = 0 }
            if let found = minute.first(from: minuteOfHour) { return nextHour * 60 + found }
            (hourOfDay, minuteOfHour) = (nextHour + 1, 0)
        }
        return nil
    }
}
