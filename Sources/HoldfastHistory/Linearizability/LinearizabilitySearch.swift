/// Whether there is an order of the steps, one at a time, that respects real time and that the model can follow.
///
/// The search of Wing and Gong (*Testing and Verifying Concurrent Objects*, 1993) with Lowe's memory of what was tried
/// (*Testing for linearizability*, 2017), in the form of Horn and Kroening (*Faster linearizability checking via
/// P-compositionality*, 2015). Complexity: exponential in the number of steps under way at once at worst, linear where
/// few are; hence the budget.
public struct LinearizabilitySearch<Model: SequentialModel> {
    public enum Outcome: Sendable, Hashable {
        case linearizable
        /// There is no such order.
        case impossible
        /// The budget was used up.
        case undecided
    }

    private struct Configuration: Hashable {
        var taken: Bits
        var state: Model.State
    }

    /// The calls and returns that are still to be passed, as a list from which a pair can be taken and put back.
    private struct Entries {
        /// The step, or its complement for its return.
        var steps: [Int] = []
        var previous: [Int] = []
        var next: [Int] = []
        /// By step: the place of its return; nil when none was seen.
        var returns: [Int?] = []

        static var head: Int { 0 }
        static var end: Int { -1 }

        init(_ steps: [TimedStep<Model.Step>]) {
            var moments: [(time: Int64, isReturn: Bool, step: Int)] = []
            for (index, step) in steps.enumerated() {
                moments.append((step.began, false, index))
                if let ended = step.ended { moments.append((ended, true, index)) }
            }
            // At the same moment a call comes first: they may have overlapped.
            moments.sort { ($0.time, $0.isReturn ? 1 : 0, $0.step) < ($1.time, $1.isReturn ? 1 : 0, $1.step) }
            self.steps = [0] + moments.map { $0.isReturn ? ~$0.step : $0.step }
            returns = Array(repeating: nil, count: steps.count)
            for (offset, moment) in moments.enumerated() where moment.isReturn { returns[moment.step] = offset + 1 }
            previous = self.steps.indices.map { $0 - 1 }
            next = self.steps.indices.map { $0 + 1 < self.steps.count ? $0 + 1 : Self.end }
        }

        mutating func lift(_ place: Int) {
            unlink(place)
            if let end = returns[steps[place]] { unlink(end) }
        }

        mutating func unlift(_ place: Int) {
            if let end = returns[steps[place]] { link(end) }
            link(place)
        }

        private mutating func unlink(_ place: Int) {
            next[previous[place]] = next[place]
            if next[place] != Self.end { previous[next[place]] = previous[place] }
        }

        private mutating func link(_ place: Int) {
            next[previous[place]] = place
            if next[place] != Self.end { previous[next[place]] = place }
        }
    }

    private let model: Model

    public init(_ model: Model) { self.model = model }

    /// - Parameter budget: Steps of the model that may be tried; lessened by those that were.
    public func run(
        _ steps: [TimedStep<Model.Step>], from initial: Model.State, budget: inout Int
    ) -> Outcome {
        var required = steps.count { $0.ended != nil }
        if required == 0 { return .linearizable }
        var entries = Entries(steps)
        var state = initial
        var taken = Bits(count: steps.count)
        var tried: Set<Configuration> = []
        var path: [(place: Int, before: Model.State)] = []
        var place = entries.next[Entries.head]
        while true {
            precondition(place != Entries.end, "a step that has to be taken has a return in the list")
            let step = entries.steps[place]
            if step >= 0 {
                guard budget > 0 else { return .undecided }
                budget -= 1
                if let after = model.apply(steps[step].step, to: state) {
                    taken.insert(step)
                    if tried.insert(Configuration(taken: taken, state: after)).inserted {
                        path.append((place, state))
                        state = after
                        entries.lift(place)
                        if steps[step].ended != nil { required -= 1 }
                        if required == 0 { return .linearizable }
                        place = entries.next[Entries.head]
                        continue
                    }
                    taken.remove(step)
                }
                place = entries.next[place]
            } else {
                // This step has returned, and could not be placed anywhere before.
                guard let (last, before) = path.popLast() else { return .impossible }
                state = before
                let step = entries.steps[last]
                taken.remove(step)
                if steps[step].ended != nil { required += 1 }
                entries.unlift(last)
                place = entries.next[last]
            }
        }
    }
}

/// A set of small numbers.
private struct Bits: Hashable {
    private var words: [UInt64]

    init(count: Int) { words = Array(repeating: 0, count: (count + 63) / 64) }

    mutating func insert(_ number: Int) { words[number / 64] |= 1 << UInt64(number % 64) }

    mutating func remove(_ number: Int) { words[number / 64] &= ~(1 << UInt64(number % 64)) }
}
