import HoldfastRedis
import HoldfastRuntime

/// Tries again and again for a lock that was refused: woken by its release, and by itself at the latest when the
/// holder's lease must have ended, so that a missed message never hangs it.
struct LockWaiter: Sendable {
    /// Between two looks at a lock whose release would be announced.
    static let longestPause = Duration.seconds(1)

    private let cluster: LockCluster
    private let request: LockRequest
    private let wait: LockWait
    private let began: Instant
    private let home: Int
    private let bell: ReleaseBell
    private let attempt: @Sendable (_ home: Int?) async -> Result<Lease, LockError>

    init(
        _ cluster: LockCluster, _ request: LockRequest, _ wait: LockWait, _ began: Instant, home: Int,
        _ attempt: @escaping @Sendable (_ home: Int?) async -> Result<Lease, LockError>
    ) {
        self.cluster = cluster
        self.request = request
        self.wait = wait
        self.began = began
        self.home = home
        self.attempt = attempt
        // Where a majority holds a lock, one lost message of theirs would leave less than a majority to be heard.
        let majority = cluster.quorum.majority
        bell = ReleaseBell(home: home, enough: cluster.configuration.asks == .all ? majority : majority / 2 + 1)
    }

    func run(after first: LockError) async -> Result<Lease, LockError> {
        let channels = Set(request.channels).map(cluster.keys.channel)
        return await withTaskGroup(of: Void.self) { group in
            for (node, subscriber) in cluster.releases.subscribers.enumerated() {
                for channel in channels {
                    let messages = subscriber.messages(on: channel)
                    group.addTask {
                        for await event in messages where event != .interrupted { bell.hear(node) }
                    }
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
        var isMarked = first.isByReaders
        var isHomeSilent = first.outcome(of: home) == .noAnswer
        while true {
            var pause = pause(after: failure, &limit)
            let left = wait.remaining(since: began, now: runtime.now)
            if let left { pause = min(pause, left) }
            if Task.isCancelled || cluster.isClosed || left.map({ $0 <= .zero }) == true { break }
            await bell.wait(atMost: pause, cluster.nodes[0].client.strand)
            if Task.isCancelled { break }
            bell.rearm()
            // Readers keep others out where they are told to: at every node, not at the home alone. And a home that
            // does not answer is passed over until it does.
            switch await attempt(isMarked || isHomeSilent ? nil : home) {
            case .success(let lease):
                // A minority may have refused this very attempt and keep a mark, which the release does not take away.
                if request.mode == .exclusive, isMarked { cluster.submit(withdraw) }
                return .success(lease)
            case .failure(let error): failure = error
            }
            isMarked = isMarked || failure.isByReaders
            // Where it was not asked, or not waited for, nothing was learnt about it.
            if let outcome = failure.outcome(of: home), outcome != .pending, outcome != .notAsked {
                isHomeSilent = outcome == .noAnswer
            }
        }
        // Readers need not wait for somebody who has gone. Where an attempt was cut off, it may have told them to.
        if isMarked || failure.isCancelled && request.mode == .exclusive {
            await cluster.tell(withdraw)
        }
        return .failure(Task.isCancelled ? .cancelled(name: request.text) : failure)
    }

    private var withdraw: RoundRequest { LockCalls(request, owner: "", keys: cluster.keys).withdraw }

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
}

extension LockError {
    /// What a node said in the attempt that failed.
    fileprivate func outcome(of node: Int) -> NodeOutcome? {
        switch self {
        case .held(_, _, let nodes), .unavailable(_, let nodes): nodes.indices.contains(node) ? nodes[node] : nil
        case .invalid, .lost, .cancelled: nil
        }
    }

    fileprivate var isCancelled: Bool { if case .cancelled = self { true } else { false } }

    /// A writer was kept out by readers.
    fileprivate var isByReaders: Bool {
        switch self {
        case .held(_, _, let nodes), .unavailable(_, let nodes):
            nodes.contains { if case .heldByReaders = $0 { true } else { false } }
        case .invalid, .lost, .cancelled: false
        }
    }
}
