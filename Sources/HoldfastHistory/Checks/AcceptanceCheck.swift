/// What a resource accepted, by its own record: the tokens of its accepted writes never fall. A write that was accepted
/// after one with a larger token came from a holder whose time was over.
///
/// Complexity: O(n) for n records.
public enum AcceptanceCheck {
    public static let guarantee = "no stale write is accepted"

    public static func judge(_ history: History) -> Judgement {
        var judgement = Judgement(guarantee)
        var largest: [String: HistoryEvent] = [:]
        var (accepted, stale) = (0, 0)
        for event in history.witnessed(HistoryFunction.accepted) {
            guard let resource = event.value[0].text, let token = event.value[1].number else { continue }
            accepted += 1
            if let earlier = largest[resource], let highest = earlier.value[1].number, token < highest {
                stale += 1
                judgement.accuse(
                    Violation(
                        "\(resource) accepted a write with token \(token) after one with \(highest)",
                        witnesses: [earlier, event], in: history))
            } else {
                largest[resource] = event
            }
        }
        let refused = history.witnessed(HistoryFunction.refused).count
        judgement.count("writes accepted", accepted)
        judgement.count("stale writes attempted", refused + stale)
        judgement.count("stale writes refused", refused)
        judgement.count("stale writes accepted", stale)
        if accepted == 0 { judgement.doubt("the resource accepted no write") }
        return judgement
    }
}
