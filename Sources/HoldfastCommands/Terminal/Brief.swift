import Foundation
import HoldfastRuntime

extension Duration {
    /// For people: `340ms`, `2.5s`, `3m 20s`, `4h 5m`, `2d 3h`.
    var brief: String {
        let seconds = self.seconds
        if seconds < 1 { return "\(Int(seconds * 1000))ms" }
        if seconds < 60 { return "\((seconds * 10).rounded(.down) / 10)s" }
        let whole = Int(min(seconds, 1e12))
        let (days, hours, minutes) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60)
        if days > 0 { return "\(days)d \(hours)h" }
        if hours > 0 { return "\(hours)h \(minutes)m" }
        return "\(minutes)m \(whole % 60)s"
    }
}

extension WallTime {
    /// ISO 8601 in UTC, to the millisecond.
    var text: String {
        Date(timeIntervalSince1970: seconds).formatted(
            .iso8601.year().month().day().time(includingFractionalSeconds: true).timeZone(separator: .omitted))
    }
}
