import HoldfastLocks
import HoldfastRuntime

/// What a command is told in its environment of the lease under which it runs.
struct LeaseVariables: Sendable {
    let variables: [String: String]

    /// - Parameter isSlot: Whether the name is that of a semaphore's slot.
    init(_ lease: Lease, isSlot: Bool = false) {
        var variables = Self.common(lease.names, lease.owner, lease.ttl)
        variables["HOLDFAST_LOCK_TOKEN"] = "\(lease.token)"
        if isSlot, let mark = lease.name.text.lastIndex(of: "#") {
            variables["HOLDFAST_LOCK_SLOT"] = String(lease.name.text[lease.name.text.index(after: mark)...])
        }
        self.variables = variables
    }

    init(_ lease: SharedLease) {
        var variables = Self.common([lease.name], lease.owner, lease.ttl)
        variables["HOLDFAST_LOCK_READ_TOKEN"] = "\(lease.token)"
        self.variables = variables
    }

    private static func common(_ names: [LockName], _ owner: String, _ ttl: Duration) -> [String: String] {
        [
            "HOLDFAST_LOCK_NAME": names.map(\.text).joined(separator: "\n"), "HOLDFAST_LOCK_OWNER": owner,
            "HOLDFAST_LOCK_TTL": seconds(ttl),
        ]
    }

    /// Whole seconds without a fraction, so that a shell can count with them.
    private static func seconds(_ span: Duration) -> String {
        let (whole, rest) = span.components
        return rest == 0 ? "\(whole)" : "\(span.seconds)"
    }
}
