import Foundation
import HoldfastRuntime
import Testing

@testable import HoldfastJobs

/// crontab(5), in time zones.
@Suite struct CronExpressionTests {
    private func time(_ text: String) throws -> WallTime { try #require(RQTime.parse(text + ":00Z")) }

    /// The next `count` due times, such as `2026-01-01T00:00`.
    private func next(
        _ line: String, zone: String = "UTC", after start: String, count: Int = 1
    ) throws -> [String] {
        let schedule = try CronSchedule(line, zone: zone)
        var found: [String] = []
        var at = try time(start)
        for _ in 0..<count {
            at = try #require(schedule.next(after: at))
            found.append(String(RQTime.format(at).prefix(16)))
        }
        return found
    }

    @Test(arguments: [
        ("* * * * *", "2026-11-25T10:00", "2026-11-25T10:01"), ("*/15 * * * *", "2026-11-25T10:44", "2026-11-25T10:45"),
        ("0 0 1 1 *", "2026-11-25T10:00", "2027-01-01T00:00"), ("30 4 * * *", "2026-11-25T04:30", "2026-11-26T04:30"),
        ("5/20 * * * *", "2026-11-25T10:05", "2026-11-25T10:25"),
        ("0 22-23 * * *", "2026-11-25T22:30", "2026-11-25T23:00"),
        ("0 9 * * mon-fri", "2026-11-27T09:00", "2026-11-30T09:00"),
        ("0 9 * * 7", "2026-11-25T00:00", "2026-11-29T09:00"),
        ("0 9 * * 0", "2026-11-25T00:00", "2026-11-29T09:00"), ("0 9 * * SUN", "2026-11-25T00:00", "2026-11-29T09:00"),
        ("0 9 * * fri-sun", "2026-11-28T09:00", "2026-11-29T09:00"),
        ("0 0 29 feb *", "2026-11-25T00:00", "2028-02-29T00:00"),
        ("0 0 29 2 *", "2096-03-01T00:00", "2104-02-29T00:00"), ("0 0 31 * *", "2026-11-01T00:00", "2026-12-31T00:00"),
        ("0,30 8,20 * jan,Jul *", "2026-01-31T20:30", "2026-07-01T08:00"),
        ("1-10/4 0 * * *", "2026-01-01T00:05", "2026-01-01T00:09"),
        ("@hourly", "2026-11-25T10:00", "2026-11-25T11:00"), ("@daily", "2026-11-25T10:00", "2026-11-26T00:00"),
        ("@midnight", "2026-11-25T10:00", "2026-11-26T00:00"), ("@weekly", "2026-11-25T10:00", "2026-11-29T00:00"),
        ("@monthly", "2026-11-25T10:00", "2026-12-01T00:00"), ("@yearly", "2026-11-25T10:00", "2027-01-01T00:00"),
        ("@every 90s", "1970-01-01T00:00", "1970-01-01T00:01"), ("@every 2h", "2026-11-25T10:00", "2026-11-25T12:00"),
        ("0 12 13 * 5", "2026-11-14T00:00", "2026-11-20T12:00"),
        ("0 12 13 * 5", "2026-12-12T00:00", "2026-12-13T12:00"),
        ("0 12 */2 * 5", "2026-11-21T00:00", "2026-11-27T12:00"),
        ("0 12 * * 5", "2026-11-21T00:00", "2026-11-27T12:00"),
    ])
    func comesNext(_ line: String, _ after: String, _ expected: String) throws {
        #expect(try next(line, after: after) == [expected])
    }

    @Test func secondsAreOfTheMinuteBefore() throws {
        let schedule = try CronSchedule("* * * * *")
        let late = WallTime(microseconds: try time("2026-11-25T10:00").microseconds + 59_999_999)
        #expect(try schedule.next(after: late) == time("2026-11-25T10:01"))
    }

    @Test(arguments: [
        "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * * 8",
        "*/0 * * * *", "*/x * * * *", "5-1 * * * *", "1-2-3 * * * *", "a * * * *", "* * * * mo", "1,, * * * *",
        "* * L * *", "* * * * 5#2", "@reboot", "-1 * * * *", "+1 * * * *", "1/2/3 * * * *", "0 0 30 2 *",
        "0 0 31 4,6 *",
        "@every", "@every 0s", "@every 5", "@every 1.5h", "@every 367d", "@every 9223372036854775807d",
    ])
    func refusesOtherLines(_ line: String) {
        #expect { try CronSchedule(line) } throws: { ($0 as? JobsError)?.code == .invalid }
    }

    @Test(arguments: ["Mars/Olympus", "", "../etc/passwd"]) func refusesOtherZones(_ zone: String) {
        #expect { try CronSchedule("@daily", zone: zone) } throws: { ($0 as? JobsError)?.code == .invalid }
    }

    @Test func linesAreReadInTheirZone() throws {
        #expect(try next("0 9 * * *", zone: "Asia/Kathmandu", after: "2026-11-25T00:00") == ["2026-11-25T03:15"])
        #expect(try next("0 9 1 * *", zone: "Pacific/Kiritimati", after: "2026-11-25T00:00") == ["2026-11-30T19:00"])
        #expect(try next("0 9 * * *", zone: "Europe/Vienna", after: "2026-07-01T00:00") == ["2026-07-01T07:00"])
        #expect(try next("0 9 * * *", zone: "Europe/Vienna", after: "2026-12-01T00:00") == ["2026-12-01T08:00"])
    }

    // Vienna, 29 March 2026: at 01:00 UTC the clock jumps from 2:00 to 3:00.
    @Test func aTimeInTheGapIsDueAtItsEndOnce() throws {
        let days = try next("30 2 * * *", zone: "Europe/Vienna", after: "2026-03-27T12:00", count: 4)
        #expect(days == ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30", "2026-03-31T00:30"])
        // Several times of one line in the gap are made up for together.
        let several = try next("10,20,30 2 * * *", zone: "Europe/Vienna", after: "2026-03-29T00:00", count: 2)
        #expect(several == ["2026-03-29T01:00", "2026-03-30T00:10"])
        // One that is due at its end anyway is due once.
        let end = try next("30 2,3 * * *", zone: "Europe/Vienna", after: "2026-03-29T00:00", count: 2)
        #expect(end == ["2026-03-29T01:00", "2026-03-29T01:30"])
        let same = try next("0 2-3 * * *", zone: "Europe/Vienna", after: "2026-03-29T00:00", count: 2)
        #expect(same == ["2026-03-29T01:00", "2026-03-30T00:00"])
    }

    @Test func everySoOftenFollowsTheClockThroughTheGap() throws {
        let hourly = try next("30 * * * *", zone: "Europe/Vienna", after: "2026-03-29T00:00", count: 3)
        #expect(hourly == ["2026-03-29T00:30", "2026-03-29T01:30", "2026-03-29T02:30"])
        let minutes = try next("*/30 2 * * *", zone: "Europe/Vienna", after: "2026-03-29T00:00", count: 1)
        #expect(minutes == ["2026-03-30T00:00"])
    }

    // Vienna, 25 October 2026: at 01:00 UTC the clock goes back from 3:00 to 2:00.
    @Test func aTimeThatComesTwiceIsDueTheFirstTime() throws {
        let days = try next("30 2 * * *", zone: "Europe/Vienna", after: "2026-10-24T12:00", count: 2)
        #expect(days == ["2026-10-25T00:30", "2026-10-26T01:30"])
        // Asked in the middle of the repetition.
        #expect(try next("30 2 * * *", zone: "Europe/Vienna", after: "2026-10-25T01:10") == ["2026-10-26T01:30"])
        #expect(try next("0 3 * * *", zone: "Europe/Vienna", after: "2026-10-25T00:00") == ["2026-10-25T02:00"])
    }

    @Test func everySoOftenIsDueInBothOfTheRepeatedHours() throws {
        let hourly = try next("30 * * * *", zone: "Europe/Vienna", after: "2026-10-24T23:45", count: 3)
        #expect(hourly == ["2026-10-25T00:30", "2026-10-25T01:30", "2026-10-25T02:30"])
    }

    // Lord Howe Island changes by half an hour.
    @Test func halfHoursAreNoSpecialCase() throws {
        // 4 October 2026, 2:00 → 2:30 at 15:30 UTC the day before.
        let days = try next("15 2 * * *", zone: "Australia/Lord_Howe", after: "2026-10-03T00:00", count: 2)
        #expect(days == ["2026-10-03T15:30", "2026-10-04T15:15"])
    }

    /// Against a slow reading of the same rules, minute by minute.
    @Test(arguments: [
        "30 2 * * *", "0 3 * * *", "15 * * * *", "*/20 1-3 * * *", "45 1,2 * * 0", "0 0 25,29 3,10 *",
    ]) func agreesWithTryingEveryMinute(_ line: String) throws {
        let zone = try #require(TimeZone(identifier: "Europe/Vienna"))
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let expression = try CronExpression(line)
        let schedule = try CronSchedule(line, zone: "Europe/Vienna")
        func local(_ minute: Int64) -> [Int] {
            let date = Date(timeIntervalSince1970: Double(minute) * 60)
            let parts = calendar.dateComponents([.month, .day, .hour, .minute, .weekday], from: date)
            return [parts.minute ?? 0, parts.hour ?? 0, parts.day ?? 0, parts.month ?? 0, (parts.weekday ?? 1) - 1]
        }
        for start in ["2026-03-28T00:00", "2026-10-24T00:00"] {
            let first = try time(start).microseconds / 60_000_000
            var expected: [Int64] = []
            var seen: Set<[Int]> = []
            var before =
                first - 1 + Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(first - 1) * 60)) / 60)
            for minute in first..<first + 3 * 1440 {
                let parts = local(minute)
                let matches = expression.firstMatch(from: clock(parts, minute, zone)) == clock(parts, minute, zone)
                let now = clock(parts, minute, zone)
                if now > before + 1, !expression.isWildcard, let skipped = expression.firstMatch(from: before + 1),
                    skipped < now
                {
                    expected.append(minute)
                } else if matches, expression.isWildcard || !seen.contains(parts) {
                    expected.append(minute)
                }
                seen.insert(parts)
                before = now
            }
            var found: [Int64] = []
            var at = WallTime(microseconds: first * 60_000_000 - 1)
            while let next = schedule.next(after: at), next.microseconds / 60_000_000 < first + 3 * 1440 {
                found.append(next.microseconds / 60_000_000)
                at = next
            }
            #expect(found == expected, "\(line) from \(start)")
        }
    }

    private func clock(_ parts: [Int], _ minute: Int64, _ zone: TimeZone) -> Int64 {
        minute + Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(minute) * 60)) / 60)
    }
}
