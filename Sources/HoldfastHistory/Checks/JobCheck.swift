import HoldfastRuntime

/// Jobs: none is lost, each completes once, each has its effect exactly once, and none is registered in two places.
///
/// A job was given when its enqueueing was acknowledged. Where it is after the run is what the queue's registries say,
/// not what a worker believes: one that is in none of them is lost, also when it had its effect. Executions may repeat,
/// as after a worker's death; they are counted. Complexity: O(n log n) for n events.
public enum JobCheck {
    public static let guarantee = "no job is lost or has its effect twice"

    /// - Parameter isDrained: Whether the queue was said to be empty at the end: who still waits then, waits for ever.
    public static func judge(_ history: History, isDrained: Bool = true) -> Judgement {
        var judgement = Judgement(guarantee)
        let given = history.operations(HistoryFunction.enqueue).filter { $0.outcome == .ok }
        let runs = Dictionary(grouping: history.operations(HistoryFunction.run), by: \.key)
        let effects = Dictionary(grouping: history.witnessed(HistoryFunction.effect)) { $0.value[0].text ?? "" }
        let places = Dictionary(grouping: history.witnessed(HistoryFunction.registered)) { $0.value[0].text ?? "" }
        var (lost, without, unfinished, givenUp) = (0, 0, 0, 0)
        let isSurveyed = !history.witnessed(HistoryFunction.surveyed).isEmpty
        if !isSurveyed { judgement.doubt("nobody read the queue's registries after the run") }
        for job in given where isSurveyed {
            let found = Set((places[job.key] ?? []).compactMap(\.value[1].text))
            func accuse(_ sentence: String) {
                let events = [job] + (runs[job.key] ?? [])
                judgement.accuse(Violation("the job \(job.key) \(sentence)", events, in: history))
            }
            if found.isEmpty {
                lost += 1
                accuse(effects[job.key] == nil ? "is lost" : "had its effect and is lost: it is in no registry")
            } else if found.contains("failed") {
                givenUp += 1
                accuse("was given up")
            } else if !found.contains("finished") {
                unfinished += 1
                if isDrained { accuse("is \(found.sorted().joined(separator: ", ")), though its queue was empty") }
            } else if !effects.isEmpty, effects[job.key] == nil {
                without += 1
                accuse("finished without its effect")
            }
        }
        let twice = count(effects) { _, events in events.count > 1 }
        for (job, events) in twice {
            judgement.accuse(
                Violation("the job \(job) had its effect \(events.count) times", witnesses: events, in: history))
        }
        let doubled = count(runs) { _, runs in runs.count { $0.outcome == .ok } > 1 }
        for (job, runs) in doubled {
            judgement.accuse(
                Violation("the job \(job) completed twice", runs.filter { $0.outcome == .ok }, in: history))
        }
        let torn = count(places) { _, events in Set(events.map(\.value[1])).count > 1 }
        for (job, events) in torn {
            judgement.accuse(
                Violation("the job \(job) is registered in several places", witnesses: events, in: history))
        }
        if unfinished > 0, !isDrained { judgement.doubt("\(unfinished) jobs had not finished when the run ended") }
        if given.isEmpty { judgement.doubt("no job was acknowledged") }
        let executions = runs.values.map(\.count)
        judgement.count("jobs given", given.count)
        judgement.count("jobs lost", lost)
        judgement.count("jobs given up", givenUp)
        judgement.count("without effect", without)
        judgement.count("with effect twice", twice.count)
        judgement.count("completed twice", doubled.count)
        judgement.count("in several registries", torn.count)
        judgement.count("executions", executions.reduce(0, +))
        judgement.count("executed more than once", executions.count { $0 > 1 })
        judgement.count("executions beside another of the same job", runs.values.reduce(0) { $0 + overlaps($1) })
        let recoveries = JobRecovery.times(in: history)
        judgement.count("recovered after a kill", recoveries.count)
        if let median = recoveries.dropFirst((recoveries.count - 1) / 2).first, let longest = recoveries.last {
            judgement.count("recovery p50 in ms", Int(median.milliseconds))
            judgement.count("recovery max in ms", Int(longest.milliseconds))
        }
        return judgement
    }

    private static func count<Item>(
        _ groups: [String: [Item]], _ isMeant: (String, [Item]) -> Bool
    ) -> [(key: String, value: [Item])] {
        groups.filter { isMeant($0.key, $0.value) }.sorted { $0.key < $1.key }
    }

    /// Executions that began while an earlier one of the same job was not seen to end.
    private static func overlaps(_ runs: [HistoryOperation]) -> Int {
        var end = Int64.min
        var found = 0
        for run in runs.sorted(by: { $0.invoked < $1.invoked }) {
            if run.invoked < end { found += 1 }
            end = max(end, run.completed ?? run.invoked)
        }
        return found
    }
}
