import HoldfastRedis
import HoldfastRuntime

/// Outcomes as ``JobScripts/complete`` takes them: those that are likely to be plain in sections, then the others.
struct CompletionCall {
    private struct Section: Hashable {
        let queue: QueueName
        let keep: String
    }

    /// In the order of the arguments.
    let completions: [Completion]
    /// Behind the prefix and the worker.
    let arguments: [RedisArgument]
    private let sections: [Int]

    init(_ completions: [Completion]) {
        var places: [Section: Int] = [:]
        var groups: [(section: Section, completions: [Completion])] = []
        var others: [Completion] = []
        for completion in completions {
            guard completion.isLikelyPlain else {
                others.append(completion)
                continue
            }
            let section = Section(queue: completion.execution.queue, keep: completion.execution.keep)
            let place = places[section] ?? groups.count
            if place == groups.count {
                places[section] = place
                groups.append((section, []))
            }
            groups[place].completions.append(completion)
        }
        self.completions = groups.flatMap(\.completions) + others
        sections = groups.map(\.completions.count)
        var arguments = [RedisArgument(groups.count)]
        for (section, completions) in groups {
            let ran = completions.reduce(0) { $0 + $1.span.seconds }
            arguments += [RedisArgument(section.queue.text), RedisArgument(section.keep)]
            arguments += [RedisArgument(ran), RedisArgument(completions.count)]
            for completion in completions { arguments += completion.plainArguments }
        }
        for completion in others { arguments += completion.arguments }
        self.arguments = arguments
    }

    /// The script's answer: what went wrong, and a verdict for each of the completions; nil when it has another shape.
    func read(_ reply: RedisReply) -> (trouble: RedisReply, verdicts: [String])? {
        guard let parts = reply.array, parts.count == 1 + sections.count + completions.count - sections.reduce(0, +),
            parts[0].text != nil
        else { return nil }
        var verdicts: [String] = []
        for (count, part) in zip(sections, parts.dropFirst()) {
            let own = part.array?.map { $0.text ?? "" } ?? Array(repeating: part.text ?? "", count: count)
            guard own.count == count else { return nil }
            verdicts += own
        }
        return (parts[0], verdicts + parts.dropFirst(1 + sections.count).map { $0.text ?? "" })
    }
}

extension Completion {
    /// Whether it was a plain success when it was taken. One whose lease was renewed has records of its execution,
    /// which its whole section would have to be looked through for.
    fileprivate var isLikelyPlain: Bool {
        guard case .success = outcome, !execution.lease.isRenewed else { return false }
        return execution.keep == "0" || (Int(execution.keep) ?? 0) > 0
    }
}
