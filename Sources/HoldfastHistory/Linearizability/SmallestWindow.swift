/// The shortest stretch of an impossible history that is impossible by itself, whatever was before.
enum SmallestWindow {
    /// Cuts off the end and then the beginning, each by halving. Complexity: O(log n) searches.
    /// - Parameter budget: Steps of each of the two; what is left uncut then is longer than need be, and impossible.
    /// - Returns: The places of the window's steps.
    static func find(_ steps: [TimedStep<FencedRegister.Step>], budget: Int) -> [Int] {
        let ends = steps.compactMap(\.ended).sorted()
        guard !ends.isEmpty else { return Array(steps.indices) }
        let search = LinearizabilitySearch(FencedRegister())
        var left = budget
        // The first return with which it is impossible.
        let last = firstTrue(0, ends.count - 1) { index in
            search.run(window(steps, .min, ends[index]).map(\.step), from: FencedRegister.State(), budget: &left)
                == .impossible
        }
        left = budget
        // How many returns may be left out at the beginning.
        let cut = firstTrue(0, last) { index in
            search.run(window(steps, ends[index], ends[last]).map(\.step), from: .any, budget: &left) != .impossible
        }
        return window(steps, cut == 0 ? .min : ends[cut - 1], ends[last]).map(\.place)
    }

    /// The smallest number for which `holds`, given that it holds for all larger ones; `high` when for none.
    private static func firstTrue(_ low: Int, _ high: Int, _ holds: (Int) -> Bool) -> Int {
        var (low, high) = (low, high)
        while low < high {
            let middle = (low + high) / 2
            if holds(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// The steps under way after `from` and until `to`. A return beyond is not seen; and what began before may
    /// have taken effect before, so that it explains nothing and need not be explained.
    private static func window(
        _ steps: [TimedStep<FencedRegister.Step>], _ from: Int64, _ to: Int64
    ) -> [(place: Int, step: TimedStep<FencedRegister.Step>)] {
        steps.enumerated().compactMap { place, step in
            guard step.began <= to, (step.ended ?? .max) > from else { return nil }
            var step = step
            if let ended = step.ended, ended > to || step.began <= from { step.ended = nil }
            return (place, step)
        }
    }
}
