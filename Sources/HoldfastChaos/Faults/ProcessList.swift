import HoldfastProcess

/// The kernel's list of processes.
enum ProcessList {
    /// The process's ancestors that are listed, the parent first.
    static func ancestors(of pid: Int32) -> [Int32] {
        Array(sequence(first: pid, next: { ProcessStat(pid: $0)?.parent }).dropFirst().prefix { $0 > 0 })
    }
}
