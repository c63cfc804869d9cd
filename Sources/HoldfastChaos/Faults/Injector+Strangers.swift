import Foundation
import HoldfastProcess
import HoldfastRuntime

extension Injector {
    /// Lets a worker join whose list of nodes is another. Either it is refused; or it works, with nodes that are where
    /// it believes them to be, and what it does is in the history like everybody's.
    func letJoin(_ entry: FaultPlan.Entry, _ list: FaultSpec.NodeList, span: Duration) async {
        let name = "stranger-\(entry.number)"
        let command = strangers.command(name, Self.firstStranger + entry.number, nodes(list))
        guard let process = try? await ChildProcess.start(command) else {
            return skip(entry, name, "its process could not be started")
        }
        note(entry, .otherNodes, name, "joins with a \(list.rawValue) list of nodes for \(span.milliseconds) ms")
        try? await runtime.sleep(for: span)
        let wasRefused = !process.isRunning
        // Until it has gone: nothing that it did must be missing from the history.
        let status = await process.terminate(grace: .seconds(12))
        heal(entry)
        let log = (try? String(contentsOfFile: strangers.log(name), encoding: .utf8)) ?? ""
        if wasRefused, status != .exited(0), let reason = Self.reason(in: log) {
            confirm(entry, "it was refused: \(reason)")
        } else if !wasRefused, log.contains("a lock node is not used"), let reason = Self.reason(in: log) {
            confirm(entry, "it did without the nodes that were elsewhere: \(reason)")
        }
    }

    /// Workers are numbered from 1 on, and are replaced.
    private static let firstStranger = 100_000

    private func nodes(_ list: FaultSpec.NodeList) -> [String] {
        let all = ground.nodeURLs
        switch list {
        case .shorter: return Array(all.prefix(all.count / 2 + 1))
        case .turned: return Array(all.dropFirst()) + all.prefix(1)
        case .swapped: return [all[1], all[0]] + all.dropFirst(2)
        }
    }

    private static func reason(in log: String) -> String? {
        let signs = ["but is listed as node", "but listed as node"]
        let line = log.split(separator: "\n").first { line in signs.contains { line.contains($0) } }
        return line.map { String($0.suffix(200)) }
    }
}
