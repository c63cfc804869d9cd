import Foundation
import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime

extension Injector {
    func killNodes(
        _ entry: FaultPlan.Entry, _ indices: [Int], span: Duration, _ restart: FaultSpec.Restart
    ) async {
        let nodes = indices.map { ground.members[$0] }
        let names = nodes.map(\.name)
        let title = names.joined(separator: " ")
        guard await occupyInTurn(names, for: entry, title) else { return }
        defer { free(names) }
        var failure: String?
        if restart == .snapshot {
            for node in nodes { if let reason = Self.snapshot(node) { failure = reason } }
            if let failure { return skip(entry, title, failure) }
            // What comes now will be forgotten.
            try? await runtime.sleep(for: Self.snapshotAge)
        }
        var earlier: [String?] = []
        for node in nodes { earlier.append(await runID(of: node)) }
        note(entry, .kill, title, "SIGKILL, back after \(span.milliseconds) ms with \(restart.words)")
        for node in nodes { await node.kill() }
        let areDown = nodes.allSatisfy { $0.pid == nil }
        try? await runtime.sleep(for: span)
        for node in nodes {
            if restart == .cut, let reason = Self.cutTail(of: node) { failure = reason }
            if restart == .snapshot, let reason = Self.restore(node) { failure = reason }
            do { try await node.restart(empty: restart == .empty) } catch { failure = "did not start again: \(error)" }
        }
        if let failure { return abandon(entry, title, failure) }
        heal(entry)
        var later: [String?] = []
        for node in nodes { later.append(await runID(of: node)) }
        let areNew = zip(earlier, later).allSatisfy { $0 != $1 && $1 != nil }
        if areDown, areNew { confirm(entry, "the processes ended, and servers with other run ids answer") }
    }

    func pauseNodes(_ entry: FaultPlan.Entry, _ indices: [Int], span: Duration) async {
        let nodes = indices.map { ground.members[$0] }
        let names = nodes.map(\.name)
        let title = names.joined(separator: " ")
        guard await occupyInTurn(names, for: entry, title) else { return }
        defer { free(names) }
        note(entry, .pause, title, "SIGSTOP for \(span.milliseconds) ms")
        for node in nodes { await node.pause() }
        if nodes.allSatisfy({ $0.status.state == .paused }) { confirm(entry, "the kernel lists them as stopped") }
        try? await runtime.sleep(for: span)
        for node in nodes { node.resume() }
        heal(entry)
    }

    /// What a server calls this start of itself; nil when it does not answer.
    private func runID(of node: ClusterMember) async -> String? {
        await info("server", of: node)["run_id"]
    }

    /// Cuts the newest bytes off the append-only file of a node that is down: what a power failure takes that was
    /// written and not yet forced to the disk.
    /// - Returns: Why it could not be; nil when it was.
    private static func cutTail(of node: ClusterMember) -> String? {
        let directory = "\(node.dataDirectory)/appendonlydir"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        guard let name = names.sorted().last(where: { $0.hasSuffix(".incr.aof") }) else {
            return "it has no append-only file"
        }
        let path = "\(directory)/\(name)"
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard let size = (attributes?[.size] as? NSNumber)?.int64Value, size > cutBytes else {
            return "its append-only file is too short to be cut"
        }
        return truncate(path, Int(size - cutBytes)) == 0 ? nil : "its append-only file could not be cut"
    }

    /// How old a snapshot is when its node is killed: longer than any lease of the scenarios lasts unrenewed.
    private static let snapshotAge: Duration = .seconds(1)

    private static func snapshotPath(_ node: ClusterMember) -> String { "\(node.directory)/snapshot" }

    /// Copies the data of a node that runs, as a backup does that nobody coordinates with the server.
    /// - Returns: Why it could not be; nil when it was.
    private static func snapshot(_ node: ClusterMember) -> String? {
        let files = FileManager.default
        do {
            if files.fileExists(atPath: snapshotPath(node)) { try files.removeItem(atPath: snapshotPath(node)) }
            try files.copyItem(atPath: node.dataDirectory, toPath: snapshotPath(node))
            return nil
        } catch { return "its data could not be copied" }
    }

    /// Puts a copy in the place of the data of a node that is down.
    private static func restore(_ node: ClusterMember) -> String? {
        let files = FileManager.default
        do {
            try files.removeItem(atPath: node.dataDirectory)
            try files.moveItem(atPath: snapshotPath(node), toPath: node.dataDirectory)
            return nil
        } catch { return "its data could not be replaced by the copy" }
    }

    /// About two commands.
    private static let cutBytes: Int64 = 120
}
