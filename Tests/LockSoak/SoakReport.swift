import HoldfastRuntime

/// What a soak did and what it left behind.
public struct SoakReport: Sendable {
    /// How the cycles ended, by kind and outcome.
    public var outcomes: [String: Int] = [:]
    /// Connections that were broken on purpose.
    public var resets = 0
    public var elapsed = Duration.zero
    /// Open descriptors: before the cluster was connected, after the warm-up, at the end, and when it was closed.
    public var descriptors: [Int] = []
    /// Resident bytes: after the warm-up and at the end.
    public var residentBytes: [Int] = []
    /// Each a sentence; none if nothing leaks.
    public var leaks: [String] = []

    mutating func note(_ kinds: [String: Int]) { descriptors.append(kinds.values.reduce(0, +)) }

    public var cycles: Int { outcomes.values.reduce(0, +) }

    public var lines: [String] {
        let kinds = outcomes.sorted { $0.key < $1.key }.map { "  \($0.key): \($0.value)" }
        let megabytes = residentBytes.map { "\(($0 + 1 << 19) >> 20)" }.joined(separator: ", then ")
        let rate = Int(Double(cycles) / elapsed.seconds)
        let open = descriptors.map(String.init).joined(separator: ", ")
        let head = "\(cycles) cycles in \(Int(elapsed.seconds)) s, \(rate) a second, \(resets) lost connections"
        let verdict = leaks.isEmpty ? ["nothing leaks"] : leaks.map { "LEAK: \($0)" }
        return [head] + kinds
            + ["descriptors before, warm, at the end, closed: \(open)", "resident MiB: \(megabytes)"] + verdict
    }
}
