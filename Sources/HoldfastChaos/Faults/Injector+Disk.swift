import Foundation
import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime

extension Injector {
    /// Nodes' disks take no more writes. A server that answers only what is on its disk then ends itself; it comes back
    /// with what it had, when there is space again.
    func failDisk(_ entry: FaultPlan.Entry, _ indices: [Int], _ kind: FaultSpec.Kind, span: Duration) async {
        let nodes = indices.map { ground.members[$0] }
        let names = nodes.map(\.name)
        let title = names.joined(separator: " ")
        guard let disks = tools.disks else {
            return skip(entry, title, lacking: "disks cannot fail: the nodes are somebody else's")
        }
        if let failure = disks.failure { return skip(entry, title, "disks cannot fail", failure) }
        guard await occupyInTurn(names, for: entry, title) else { return }
        defer { free(names) }
        let logs = nodes.map { size(of: $0.logPath) }
        note(entry, kind, title, "for \(span.milliseconds) ms")
        let start = runtime.now
        for index in indices { disks.pages[index].fail(kind) }
        await withDiscardingTaskGroup { group in
            for node in nodes {
                group.addTask { await self.probe(node) }
            }
            try? await runtime.sleep(until: start.advanced(by: span))
            let patience = runtime.now.advanced(by: .seconds(3))
            while nodes.contains(where: { $0.pid != nil }), runtime.now < patience {
                guard (try? await runtime.sleep(for: .milliseconds(20))) != nil else { break }
            }
            group.cancelAll()
        }
        let haveEnded = nodes.allSatisfy { $0.pid == nil }
        let words = zip(nodes, logs).map { complaint(of: $0, after: $1, kind) }
        for index in indices { disks.pages[index].mend() }
        let failures = await healEach(nodes.filter { $0.pid == nil }) { try await $0.restart() }
        if let failures { return abandon(entry, title, "did not start again: \(failures)") }
        heal(entry)
        if haveEnded, words.allSatisfy({ $0 != nil }) {
            confirm(entry, "it ended itself, and its log says: \(words.compactMap(\.self).joined(separator: "; "))")
        }
    }

    private func size(of path: String) -> UInt64 {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.size] as? NSNumber)?.uint64Value ?? 0
    }

    /// What a server has logged about its disk since its log was `start` bytes long.
    private func complaint(of node: ClusterMember, after start: UInt64, _ kind: FaultSpec.Kind) -> String? {
        guard let file = FileHandle(forReadingAtPath: node.logPath) else { return nil }
        defer { try? file.close() }
        guard (try? file.seek(toOffset: start)) != nil, let data = try? file.readToEnd() else { return nil }
        let sign = kind == .diskFull ? "No space left on device" : "Input/output error"
        let line = String(decoding: data, as: UTF8.self).split(separator: "\n").first { $0.contains(sign) }
        return line.map { String($0.suffix(120)) }
    }
}
