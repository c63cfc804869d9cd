/// How long the jobs of killed workers waited until they ran again.
public enum JobRecovery {
    /// From each worker's death until each of its jobs ran again, shortest first. Complexity: O(n log n).
    public static func times(in history: History) -> [Duration] {
        var running: [String: Set<String>] = [:]
        var orphans: [String: Int64] = [:]
        var times: [Duration] = []
        for event in history.events {
            if event.f == HistoryFunction.run, let job = event.value[0].text, let client = event.client {
                if event.type == .invoke {
                    running[client, default: []].insert(job)
                    if let died = orphans.removeValue(forKey: job) { times.append(.nanoseconds(event.time - died)) }
                } else {
                    running[client]?.remove(job)
                }
            } else if event.process == .nemesis, event.f == HistoryFunction.fault, event.value[1].text == "kill",
                let target = event.value[2].text
            {
                for job in running.removeValue(forKey: target) ?? [] { orphans[job] = event.time }
            }
        }
        return times.sorted()
    }
}
