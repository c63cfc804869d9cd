/// Whether fenced registers behave as if each operation took effect at one moment between its call and its return, also
/// what was refused and what was never answered.
///
/// Registers are judged one by one: a history is linearizable exactly when each object's part is (Herlihy and Wing,
/// *Linearizability*, 1990). Complexity: see ``LinearizabilitySearch``; the budget is shared by all registers.
public enum LinearizabilityCheck {
    public static let guarantee = "fenced registers are linearizable"
    /// Steps of the model: some seconds and some hundred megabytes at most.
    public static let standardBudget = 2_000_000

    private static let functions: Set<String> = [
        HistoryFunction.read, HistoryFunction.raise, HistoryFunction.write,
    ]

    private typealias Part = (operation: HistoryOperation, step: TimedStep<FencedRegister.Step>)

    /// - Parameter budget: Beyond it the verdict is unknown, never valid.
    public static func judge(_ history: History, budget: Int = standardBudget) -> Judgement {
        var judgement = Judgement(guarantee)
        var parts: [String: [Part]] = [:]
        for operation in history.operations where functions.contains(operation.f) {
            guard let step = FencedRegister.step(operation) else { continue }
            parts[operation.key, default: []].append(
                (operation, TimedStep(step, began: operation.invoked, ended: operation.completed)))
        }
        var left = budget
        // Small ones first, so that one that is hard leaves the others' verdicts standing.
        let sorted = parts.sorted { ($0.value.count, $0.key) < ($1.value.count, $1.key) }
        for (register, parts) in sorted {
            switch LinearizabilitySearch(FencedRegister())
                .run(parts.map(\.step), from: FencedRegister.State(), budget: &left)
            {
            case .linearizable: break
            case .undecided: judgement.doubt("\(register): the budget of \(budget) steps was used up")
            case .impossible:
                let window = SmallestWindow.find(parts.map(\.step), budget: budget)
                judgement.accuse(
                    Violation(
                        "\(register): no order of these operations explains their answers",
                        window.map { parts[$0].operation }, in: history))
            }
        }
        judgement.count("registers", parts.count)
        judgement.count("operations", parts.values.reduce(0) { $0 + $1.count })
        judgement.count("steps tried", budget - left)
        if parts.isEmpty { judgement.doubt("nothing was read or written") }
        return judgement
    }
}
