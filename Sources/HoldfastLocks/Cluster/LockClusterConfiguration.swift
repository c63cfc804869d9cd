import Glibc
public import HoldfastRedis

/// How a client reaches a lock cluster. All clients list the same nodes in the same order.
public struct LockClusterConfiguration: Sendable, Hashable {
    /// N independent primaries, best an odd number of at least three. One is allowed for development.
    public var nodes: [RedisConfiguration]
    /// Before every key on the nodes.
    public var prefix = "holdfast:"
    /// How long a round waits for a majority. Small against a lease's TTL, large against a round trip.
    public var nodeTimeout: Duration = .milliseconds(500)
    /// A lease with less validity left after it was issued is given back at once.
    public var minimumValidity: Duration = .milliseconds(20)
    /// A contended or failed attempt pauses for a random span up to a limit that starts here and doubles …
    public var firstRetry: Duration = .milliseconds(10)
    /// … until here.
    public var maximumRetry: Duration = .milliseconds(250)

    /// Whom an attempt asks.
    public var asks = Asking.all

    /// Whom an attempt to acquire a lock asks at first. It changes what a lock costs, and who is waited for; what a
    /// lock is worth is the same.
    public enum Asking: String, Sendable, Hashable, CaseIterable {
        /// All nodes: the fastest majority decides.
        case all
        /// A majority, which is the same for all clients of a name, and the others where one of it refuses, is not
        /// there or is slower than usual: two fifths less work for clients and nodes with five nodes, while the slowest
        /// node of the majority decides. A lease that is renewed is told to all nodes soon; one of
        /// ``LockCluster/acquire(_:ttl:wait:)`` stays with the majority for its TTL.
        case majority
    }

    /// Where a majority is asked first: how long an attempt waits for it at least. Attempts usually tell how long;
    /// below this, a pause of the scheduler would pass for a slow node.
    public var shortestHedgeDelay: Duration = .milliseconds(2)

    /// Names the client to whoever lists the locks: part of its owner values. At most 128 bytes without control
    /// characters; empty for none. The machine's name and the process's number unless set.
    public var label = Self.processLabel

    public init(nodes: [RedisConfiguration]) {
        self.nodes = nodes
        for index in self.nodes.indices {
            // A node that is silent for long is better treated as unreachable: refusals are decided at once.
            self.nodes[index].commandTimeout = min(self.nodes[index].commandTimeout, .seconds(1))
            self.nodes[index].connectTimeout = min(self.nodes[index].connectTimeout, .seconds(1))
            self.nodes[index].maximumBackoff = min(self.nodes[index].maximumBackoff, .milliseconds(500))
        }
    }

    /// - Throws: ``LockError/invalid(_:)`` when a URL is not usable.
    public init(urls: [String]) throws(LockError) {
        var nodes: [RedisConfiguration] = []
        for url in urls {
            do throws(RedisError) {
                nodes.append(try RedisConfiguration(url: url))
            } catch {
                throw .invalid(error.message)
            }
        }
        self.init(nodes: nodes)
    }

    func validate() throws(LockError) {
        guard !nodes.isEmpty, nodes.count <= 99 else {
            throw .invalid("a lock cluster has 1 to 99 nodes, not \(nodes.count)")
        }
        guard Set(nodes.map(\.address)).count == nodes.count else {
            throw .invalid("a lock node is listed twice: every node must be a server of its own")
        }
        try Self.check(label: label)
    }

    static func check(label: String) throws(LockError) {
        guard label.utf8.count <= 128, label.utf8.allSatisfy({ $0 >= 32 && $0 != 127 }) else {
            throw .invalid("a client's label has at most 128 bytes and no control characters")
        }
    }

    private static let processLabel: String = {
        var name = [CChar](repeating: 0, count: 65)
        let isKnown = gethostname(&name, name.count - 1) == 0
        let text = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return "\(isKnown && !text.isEmpty ? text : "unknown"):\(getpid())"
    }()
}
