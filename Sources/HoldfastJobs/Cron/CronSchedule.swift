import Foundation
public import HoldfastRuntime

/// When a cron entry is due.
///
/// A crontab line is read in a time zone. Where clocks are put forward, a time of the day that does not exist is due
/// at the moment of the change, once; where they are put back, a time that comes twice is due the first time. Lines
/// whose minute or hour begins with a star mean "every so often": they follow the clock, are not made up for, and are
/// due in both of the repeated hours. (The rules of Debian's cron.)
public struct CronSchedule: Sendable, Hashable, CustomStringConvertible {
    private enum Rule: Sendable, Hashable {
        case line(CronExpression)
        case every(seconds: Int64)
    }

    private let rule: Rule
    private let timeZone: TimeZone

    /// The name of the time zone, such as `Europe/Vienna`.
    public var zone: String { timeZone.identifier }

    /// - Parameters:
    ///   - text: A crontab line (see ``CronExpression``), or `@every` and a whole number of `s`, `m`, `h` or `d`, such
    ///     as `@every 15m`: due whenever the Unix time is a multiple of that.
    ///   - zone: A name of the tz database.
    /// - Throws: ``JobsError`` with `invalid`.
    public init(_ text: String, zone: String = "UTC") throws(JobsError) {
        guard let timeZone = TimeZone(identifier: zone) else {
            throw JobsError(.invalid, "\"\(zone.prefix(80))\" is no time zone: use a name such as Europe/Vienna or UTC")
        }
        self.timeZone = timeZone
        if text.lowercased().hasPrefix("@every") {
            rule = .every(seconds: try Self.interval(text))
        } else {
            rule = .line(try CronExpression(text))
        }
    }

    /// Due whenever the Unix time is a multiple of `interval`, in whole seconds (rounded up) from 1 s to 366 days.
    /// - Throws: ``JobsError`` with `invalid`.
    public static func every(_ interval: Duration) throws(JobsError) -> CronSchedule {
        try CronSchedule("@every \(interval.secondsRoundedUp)s")
    }

    public var description: String {
        switch rule {
        case .line(let line): line.description
        case .every(let seconds): "@every \(seconds)s"
        }
    }

    /// The first due time after `time`; nil if there is none within ``CronExpression/horizonYears``.
    public func next(after time: WallTime) -> WallTime? {
        let second = time.microseconds.quotientAndRemainderFlooring(by: 1_000_000).0
        switch rule {
        case .every(let seconds):
            let turn = second.quotientAndRemainderFlooring(by: seconds).0 + 1
            return WallTime(microseconds: turn * seconds * 1_000_000)
        case .line(let line):
            let minute = second.quotientAndRemainderFlooring(by: 60).0
            return next(line, from: minute + 1).map { WallTime(microseconds: $0 * 60_000_000) }
        }
    }

    private static func interval(_ text: String) throws(JobsError) -> Int64 {
        let words = text.split(separator: " ")
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard words.count == 2, let unit = words[1].last.flatMap({ units[$0] }),
            let count = Int64(words[1].dropLast()), (1...366 * 86_400).contains(count),
            (1...366 * 86_400).contains(count * unit)
        else {
            throw JobsError(
                .invalid, "\"\(text.prefix(80))\" is no interval: use @every and 1s to 366d, such as @every 15m")
        }
        return count * unit
    }
}

// ---- Crontab lines in a time zone; all times in minutes since 1970

extension CronSchedule {
    private func next(_ line: CronExpression, from start: Int64) -> Int64? {
        var from = start
        let horizon = start + CronExpression.horizonYears * 366 * 1440
        while from < horizon {
            let offset = offset(at: from)
            let change = nextChange(after: from) ?? horizon
            // Until the next change of the offset local time is a line.
            var local = from + offset
            while let found = line.firstMatch(from: local), found < change + offset {
                let minute = found - offset
                if line.isWildcard || !isRepetition(minute) { return minute }
                local = found + 1
            }
            guard change < horizon else { return nil }
            // What falls into a gap is due at its end.
            let later = self.offset(at: change)
            if !line.isWildcard, later > offset, let skipped = line.firstMatch(from: change + offset),
                skipped < change + later
            {
                return change
            }
            from = change
        }
        return nil
    }

    private func offset(at minute: Int64) -> Int64 {
        Int64(timeZone.secondsFromGMT(for: Self.date(minute))).quotientAndRemainderFlooring(by: 60).0
    }

    private func nextChange(after minute: Int64) -> Int64? {
        guard let date = timeZone.nextDaylightSavingTimeTransition(after: Self.date(minute)) else { return nil }
        let change = Int64((date.timeIntervalSince1970 / 60).rounded(.up))
        return change > minute ? change : nil
    }

    /// Whether the local time of `minute` has come before: clocks were put back within the last day.
    private func isRepetition(_ minute: Int64) -> Bool {
        let (now, before) = (offset(at: minute), offset(at: minute - 1440))
        guard before > now else { return false }
        let earlier = minute + now - before
        return offset(at: earlier) == before
    }

    private static func date(_ minute: Int64) -> Date { Date(timeIntervalSince1970: Double(minute) * 60) }
}
