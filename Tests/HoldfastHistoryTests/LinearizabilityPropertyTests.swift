import HoldfastHistory
import HoldfastRuntime
import Testing

/// The search against an oracle that tries every order.
@Suite struct LinearizabilityPropertyTests {
    private typealias Step = TimedStep<FencedRegister.Step>

    /// Steps whose answers come from really applying them in some order, each within its span.
    private func generate(_ count: Int, _ random: inout SeededGenerator) -> [Step] {
        let model = FencedRegister()
        var state = FencedRegister.State()
        var steps: [Step] = []
        for index in 0..<count {
            let moment = Int64(index) * 10
            let token = Int64.random(in: 1...3, using: &random)
            let value = HistoryValue.number(Int64.random(in: 1...3, using: &random))
            let held = state.value ?? .null
            let wanted: FencedRegister.Step =
                switch Int.random(in: 0...2, using: &random) {
                case 0: .read(held, token: token)
                case 1: .raise(held, token: token)
                default: .write(value, token: token)
                }
            let began = moment - Int64.random(in: 0...35, using: &random)
            let ended = moment + Int64.random(in: 0...35, using: &random)
            if let after = model.apply(wanted, to: state) {
                let isOpen = Int.random(in: 0...7, using: &random) == 0
                // What was never answered may have been done or not; a read without an answer tells nothing.
                if isOpen, case .read = wanted { continue }
                steps.append(Step(isOpen ? unseen(wanted) : wanted, began: began, ended: isOpen ? nil : ended))
                if isOpen, Bool.random(using: &random) { continue }
                state = after
            } else {
                steps.append(Step(.refused(token: token), began: began, ended: ended))
            }
        }
        return steps
    }

    private func unseen(_ step: FencedRegister.Step) -> FencedRegister.Step {
        if case .raise(_, let token) = step { .raise(nil, token: token) } else { step }
    }

    /// Changes one answer.
    private func mutate(_ steps: [Step], _ random: inout SeededGenerator) -> [Step] {
        var steps = steps
        guard let place = steps.indices.randomElement(using: &random) else { return steps }
        let value = HistoryValue.number(Int64.random(in: 1...4, using: &random))
        switch steps[place].step {
        case .read(_, let token): steps[place].step = .read(value, token: token)
        case .raise(_, let token): steps[place].step = .raise(value, token: token)
        case .write(_, let token): steps[place].step = .refused(token: token ?? 1)
        case .refused(let token): steps[place].step = .write(value, token: token)
        }
        return steps
    }

    /// Every subset of the open steps, in every order that respects real time.
    private func oracle(_ steps: [Step], from initial: FencedRegister.State = .init()) -> Bool {
        func extend(_ left: [Step], _ state: FencedRegister.State) -> Bool {
            if left.allSatisfy({ $0.ended == nil }) { return true }
            for (index, step) in left.enumerated() {
                if left.contains(where: { ($0.ended ?? .max) < step.began }) { continue }
                var rest = left
                rest.remove(at: index)
                if step.ended == nil, extend(rest, state) { return true }
                if let after = FencedRegister().apply(step.step, to: state), extend(rest, after) { return true }
            }
            return false
        }
        return extend(steps, initial)
    }

    private func search(
        _ steps: [Step], from initial: FencedRegister.State = .init()
    ) -> LinearizabilitySearch<FencedRegister>.Outcome {
        var budget = 1_000_000
        return LinearizabilitySearch(FencedRegister()).run(steps, from: initial, budget: &budget)
    }

    @Test func whatReallyHappenedIsAccepted() {
        for seed in 1...400 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            let steps = generate(60, &random)
            #expect(search(steps) == .linearizable, "seed \(seed)")
        }
    }

    @Test func theSearchAndTheOracleAgree() {
        var refused = 0
        for seed in 1...3000 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            let steps = mutate(generate(6, &random), &random)
            let expected = oracle(steps)
            if !expected { refused += 1 }
            #expect((search(steps) == .linearizable) == expected, "seed \(seed): \(steps)")
        }
        #expect(refused > 500, "the mutations are to break something")
    }

    /// A search that knows nothing of the beginning finds what one of all beginnings explains, and nothing else.
    @Test func anyBeginningIsOneOfThem() {
        var refused = 0
        let values = [HistoryValue.null] + (1...4).map { .number($0) }
        for seed in 1...1000 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            // A stretch whose beginning was left out, with one answer changed.
            let steps = mutate(Array(generate(8, &random).suffix(5)), &random)
            let expected = values.contains { value in
                (0...4).contains { oracle(steps, from: .init(value: value, fence: $0)) }
            }
            if !expected { refused += 1 }
            #expect((search(steps, from: .any) == .linearizable) == expected, "seed \(seed): \(steps)")
        }
        #expect(refused > 100, "the mutations are to break something")
    }
}
