/// One of the five fields of a crontab line: which numbers it allows.
struct CronField: Hashable, Sendable {
    enum Kind: String, Sendable {
        case minute, hour, day, month, weekday

        var range: ClosedRange<Int> {
            switch self {
            case .minute: 0...59
            case .hour: 0...23
            case .day: 1...31
            case .month: 1...12
            // Sunday is 0 and 7.
            case .weekday: 0...7
            }
        }

        var names: [String] {
            switch self {
            case .month: ["", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
            case .weekday: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
            case .minute, .hour, .day: []
            }
        }
    }

    /// Bit n says whether n is allowed.
    private(set) var bits: UInt64 = 0
    /// Whether it begins with a star. crontab(5) gives that a meaning of its own.
    let isStar: Bool

    /// - Throws: ``JobsError`` with `invalid`.
    init(_ text: Substring, _ kind: Kind) throws(JobsError) {
        isStar = text.hasPrefix("*")
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let (range, step) = try Self.parse(part, kind)
            for number in stride(from: range.lowerBound, through: range.upperBound, by: step) {
                bits |= 1 << UInt64(kind == .weekday && number == 7 ? 0 : number)
            }
        }
    }

    func allows(_ number: Int64) -> Bool { bits >> UInt64(number) & 1 == 1 }

    /// The first allowed number from `number` on.
    func first(from number: Int64) -> Int64? {
        guard number < 64 else { return nil }
        let rest = bits >> UInt64(number)
        return rest == 0 ? nil : number + Int64(rest.trailingZeroBitCount)
    }

    /// `*`, `5`, `1-5`, `mon-fri`, each also with `/step`. As in Vixie's cron, `5/15` runs from 5 to the end.
    private static func parse(_ part: Substring, _ kind: Kind) throws(JobsError) -> (ClosedRange<Int>, Int) {
        let halves = part.split(separator: "/", omittingEmptySubsequences: false)
        var step = 1
        if halves.count == 2 {
            guard let given = Int(halves[1]), (1...kind.range.upperBound).contains(given) else {
                throw refusal(part, kind)
            }
            step = given
        }
        guard (1...2).contains(halves.count) else { throw refusal(part, kind) }
        if halves[0] == "*" {
            let all = kind == .weekday ? 0...6 : kind.range
            return (all, step)
        }
        let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false)
        guard (1...2).contains(ends.count), let low = number(ends[0], kind) else { throw refusal(part, kind) }
        if ends.count == 1 { return (low...(halves.count == 2 ? kind.range.upperBound : low), step) }
        guard var high = number(ends[1], kind) else { throw refusal(part, kind) }
        // `fri-sun` names a range that ends on day 7.
        if kind == .weekday && high == 0 && low > 0 { high = 7 }
        guard low <= high else { throw refusal(part, kind) }
        return (low...high, step)
    }

    private static func number(_ text: Substring, _ kind: Kind) -> Int? {
        if let index = kind.names.firstIndex(of: text.lowercased()), !text.isEmpty { return index }
        guard text.count <= 2, text.allSatisfy(\.isASCII), text.first != "+", text.first != "-",
            let number = Int(text), kind.range.contains(number)
        else { return nil }
        return number
    }

    private static func refusal(_ part: Substring, _ kind: Kind) -> JobsError {
        let range = kind.range
        let names = kind.names.isEmpty ? "" : " or names such as \(kind.names[1])"
        return JobsError(
            .invalid,
            "\"\(part.prefix(40))\" is no \(kind.rawValue) of a crontab line: use \(range.lowerBound) to "
                + "\(range.upperBound)\(names), lists a,b, ranges a-b and steps */n; L, W and # are not known")
    }
}
