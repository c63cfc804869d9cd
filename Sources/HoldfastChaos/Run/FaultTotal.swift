/// One form of one kind of fault, in all runs of a battery.
public struct FaultTotal: Sendable, Hashable, Codable {
    /// As the scenarios call it.
    public var title: String
    /// Its form, such as a point or a kind of restart; empty where it has one only.
    public var form: String
    public var planned = 0
    /// Seen from outside.
    public var confirmed = 0
    /// What the machine lacks for it.
    public var absence: String?

    /// It was planned again and again, and never seen, though the machine lacks nothing.
    public var isMissing: Bool { planned >= 3 && confirmed == 0 && absence == nil }

    init(_ title: String, _ form: String) {
        self.title = title
        self.form = form
    }

    /// By title and form.
    static func of(_ results: [ChaosResult]) -> [FaultTotal] {
        var totals: [FaultTotal] = []
        func count(_ title: String, _ form: String, _ planned: Int, _ confirmed: Int, _ absence: String?) {
            let place = totals.firstIndex { ($0.title, $0.form) >= (title, form) } ?? totals.count
            if place == totals.count || (totals[place].title, totals[place].form) != (title, form) {
                totals.insert(FaultTotal(title, form), at: place)
            }
            totals[place].planned += planned
            totals[place].confirmed += confirmed
            totals[place].absence = totals[place].absence ?? absence
        }
        for tally in results.flatMap(\.faults) {
            if tally.variants.isEmpty { count(tally.title, "", tally.planned, tally.confirmed, tally.absence) }
            for form in tally.variants { count(tally.title, form.name, form.planned, form.confirmed, tally.absence) }
        }
        return totals
    }
}
