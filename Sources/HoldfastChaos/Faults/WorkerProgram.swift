import Foundation
import Glibc
import HoldfastProcess

/// A program that a worker runs for a job, as the kernel lists it.
struct WorkerProgram: Sendable, Hashable {
    let identity: ProcessIdentity
    let job: String

    /// The programs of one worker: its children, each the leader of a group of its own within the worker's session,
    /// that were told by their worker, of this name, which job they are for. Others are never taken for one: neither
    /// what a program has started, nor the shell that guards the groups.
    static func running(below worker: Int32, as name: String) -> [WorkerProgram] {
        let session = getsid(worker)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }.sorted().compactMap { pid in
            guard let identity = ProcessIdentity(pid: pid), let stat = ProcessStat(pid: pid), stat.parent == worker,
                stat.group == pid, getsid(pid) == session
            else { return nil }
            let variables = variables(of: pid)
            guard variables["HOLDFAST_WORKER"] == name, let job = variables["HOLDFAST_JOB_ID"], identity.isAlive
            else { return nil }
            return WorkerProgram(identity: identity, job: job)
        }
    }

    /// Whether the kernel lists it no more, not even as a zombie that nobody has collected.
    var isGone: Bool {
        guard let now = ProcessIdentity(pid: identity.pid) else { return access("/proc/\(identity.pid)", F_OK) != 0 }
        return now != identity
    }

    private static func variables(of pid: Int32) -> [String: String] {
        let data = FileManager.default.contents(atPath: "/proc/\(pid)/environ") ?? Data()
        let entries = data.split(separator: 0).map {
            String(decoding: $0, as: UTF8.self).split(separator: "=", maxSplits: 1)
        }
        return Dictionary(
            entries.compactMap { $0.count == 2 ? (String($0[0]), String($0[1])) : nil },
            uniquingKeysWith: { first, _ in first })
    }
}
