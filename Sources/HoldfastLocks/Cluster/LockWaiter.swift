import HoldfastRedis
import HoldfastRuntime

/// Tries again and again for a lock that was refused: woken by its release, and by itself at the latest when the
/// holder's lease must have ended, so that a missed message never hangs it.
struct LockWaiter: Sendable {
    /// Between two looks at a lock whose release would be announced.
    static let longestPause = Duration.seconds(1)

    private let cluster: LockCluster
    private let name: LockName
    private let ttl: Duration
    private let wait: LockWait
    private let began: Instant
    private let home: Int
    private let bell: ReleaseBell

    init(_ cluster: LockCluster, _ name: LockName, _ ttl: Duration, _ wait: LockWait, _ began: Instant) {
        self.cluster = cluster
        self.name = name
        self.ttl = ttl
        self.wait = wait
        self.began = began
        home = Self.home(of: name, nodes: cluster.nodes.count)
        bell = ReleaseBell(home: home, majority: cluster.quorum.majority)
    }

    func run(after first: LockError) async -> Result<Lease, LockError> {
        let channel = cluster.keys.channel(name)
        return await withTaskGroup(of: Void.self) { group in
            for (node, subscriber) in cluster.releases.subscribers.enumerated() {
                let messages = subscriber.messages(on: channel)
                group.addTask {
                    for await event in messages where event != .interrupted { bell.hear(node) }
                }
            }
            let result = await attempts(after: first)
            group.cancelAll()
            return result
        }
    }

    private func attempts(after first: LockError) async -> Result<Lease, LockError> {
        let runtime = cluster.runtime
        var failure = first
        var limit = cluster.configuration.firstRetry
        while true {
            if Task.isCancelled { return .failure(.cancelled(name: name.text)) }
            var pause = pause(after: failure, &limit)
            if let left = wait.remaining(since: began, now: runtime.now) {
                if left <= .zero { return .failure(failure) }
                pause = min(pause, left)
            }
            await bell.wait(atMost: pause, cluster.nodes[0].client.strand)
            if Task.isCancelled { return .failure(.cancelled(name: name.text)) }
            bell.rearm()
            do throws(LockError) {
                return .success(try await cluster.attempt(name, ttl: ttl, home: home))
            } catch {
                failure = error
            }
        }
    }

    /// While somebody is known to hold it, until his lease ends; otherwise a random span that grows ("full jitter"), so
    /// that competitors do not meet again.
    private func pause(after failure: LockError, _ limit: inout Duration) -> Duration {
        let runtime = cluster.runtime
        if case .held(_, let left?, _) = failure {
            limit = cluster.configuration.firstRetry
            return min(left, Self.longestPause) + runtime.jitter(upTo: .milliseconds(10))
        }
        defer { limit = min(limit * 2, cluster.configuration.maximumRetry) }
        return runtime.jitter(upTo: limit)
    }

    /// The node that all clients ask first for a name: rendezvous hashing over the places in the configuration
    /// (Thaler and Ravishankar, 1998), with FNV-1a.
    static func home(of name: LockName, nodes: Int) -> Int {
        func weight(_ node: Int) -> UInt64 {
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in Array(name.text.utf8) + [0, UInt8(truncatingIfNeeded: node)] {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
            }
            // FNV's last byte moves too few bits by itself.
            hash = (hash ^ (hash >> 33)) &* 0xFF51_AFD7_ED55_8CCD
            return hash ^ (hash >> 33)
        }
        return (0..<nodes).max { weight($0) < weight($1) } ?? 0
    }
}
