/// Lost updates: of a counter that everybody reads, adds one to and writes back under a lock, each acknowledged
/// increment reached a value of its own, and its final value counts them all.
///
/// Complexity: O(n log n) for n increments.
public enum UpdateCheck {
    public static let guarantee = "no update is lost"

    public static func judge(_ history: History) -> Judgement {
        var judgement = Judgement(guarantee)
        let byCounter = Dictionary(grouping: history.operations(HistoryFunction.increment), by: \.key)
        let finals = history.witnessed(HistoryFunction.final)
        var (acknowledged, unknown, lost) = (0, 0, 0)
        for (counter, increments) in byCounter.sorted(by: { $0.key < $1.key }) {
            let done = increments.filter { $0.outcome == .ok }
            let open = increments.count { $0.outcome == .info }
            acknowledged += done.count
            unknown += open
            let sorted = done.sorted { ($0.value[1].number ?? 0, $0.index) < ($1.value[1].number ?? 0, $1.index) }
            var doubled = 0
            for (first, second) in zip(sorted, sorted.dropFirst())
            where first.value[1] == second.value[1] {
                doubled += 1
                judgement.accuse(
                    Violation(
                        "\(counter) was set to \(first.value[1]) by two increments", [first, second], in: history))
            }
            guard let final = finals.last(where: { $0.value[0].text == counter }), let value = final.value[1].number
            else {
                lost += doubled
                judgement.doubt("nobody read \(counter) at the end")
                continue
            }
            // What two increments reached, the final value lacks: the same loss, seen twice.
            lost += max(doubled, done.count - Int(value))
            if value < done.count {
                judgement.accuse(
                    Violation(
                        "\(counter) is \(value) after \(done.count) acknowledged increments", witnesses: [final],
                        in: history))
            } else if value > done.count + open {
                judgement.accuse(
                    Violation(
                        "\(counter) is \(value), and at most \(done.count + open) increments were asked for",
                        witnesses: [final], in: history))
            }
        }
        judgement.count("increments acknowledged", acknowledged)
        judgement.count("increments of unknown end", unknown)
        judgement.count("updates lost", lost)
        if acknowledged == 0 { judgement.doubt("no increment was acknowledged") }
        return judgement
    }
}
