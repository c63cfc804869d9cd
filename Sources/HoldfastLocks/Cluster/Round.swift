import HoldfastRuntime
import Synchronization

enum RoundStep<Verdict: Sendable>: Sendable {
    case wait
    /// Send the round's request of this phase to these nodes.
    case send(RoundRequest, to: [Int])
    case done(Verdict)
}

/// A round's decisions, as a value.
protocol RoundMachine: Sendable {
    associatedtype Verdict: Sendable
    mutating func receive(_ reply: NodeReply, phase: Int, from node: Int) -> RoundStep<Verdict>
    mutating func expire() -> RoundStep<Verdict>

    /// Hands a reply to the round of such a machine. A requirement, although there is one implementation, so that each
    /// machine has compiled code of its own: what is only reached through ``Asking`` stays generic at run time, and
    /// that was a quarter of a client's processor time.
    static func receive(_ reply: NodeReply, phase: Int, from node: Int, in round: Round<Self>)
}

extension RoundMachine {
    static func receive(_ reply: NodeReply, phase: Int, from node: Int, in round: Round<Self>) {
        round.handle(reply, phase, node)
    }
}

/// The async shell of a round: one object and one continuation, whatever the number of nodes.
///
/// It is decided as soon as its machine says so, never waiting for the slowest node; later replies still reach the
/// machine, which then only records them.
final class Round<Machine: RoundMachine>: Asking, Expiring {
    private struct State {
        var machine: Machine
        var verdict: Machine.Verdict?
        /// Unchecked, for the check costs an object a round. The one place that resumes it takes it away first.
        var waiter: UnsafeContinuation<Machine.Verdict, Never>?
        /// When each phase's request was sent last; empty when nobody takes the time.
        var sent: [Instant] = []
        var limit: RoundDeadlines.Place?
    }

    let nodes: [LockNode]
    private let state: Mutex<State>
    private let afterLateSend: @Sendable ([Int], Machine.Verdict) -> Void

    /// - Parameter afterLateSend: Told of nodes to which a later request may have gone out after the round was decided,
    ///   and so behind whatever its owner did then.
    init(
        _ machine: Machine, nodes: [LockNode],
        afterLateSend: @escaping @Sendable ([Int], Machine.Verdict) -> Void = { _, _ in }
    ) {
        self.nodes = nodes
        self.afterLateSend = afterLateSend
        state = Mutex(State(machine: machine))
    }

    /// Sends `request` to all nodes, or those given, and waits for the verdict, at most `timeout`. Not cancellable by
    /// itself: see ``expire()``.
    func run(_ request: RoundRequest, to first: [Int]? = nil, timeout: Duration) async -> Machine.Verdict {
        send(request, to: first)
        let limit = shared.deadlines.add(self, after: timeout)
        return await withUnsafeContinuation { continuation in
            let verdict = state.withLock { state -> Machine.Verdict? in
                if state.verdict == nil {
                    state.waiter = continuation
                    state.limit = limit
                }
                return state.verdict
            }
            if let verdict {
                shared.deadlines.strike(limit)
                continuation.resume(returning: verdict)
            }
        }
    }

    /// What all rounds of the cluster share.
    private var shared: SharedByRounds { nodes[0].rounds }

    /// Ends the round now with what is known.
    func expire() { advance { $0.expire() } }

    func receive(_ reply: NodeReply, phase: Int, from node: Int) {
        Machine.receive(reply, phase: phase, from: node, in: self)
    }

    func handle(_ reply: NodeReply, _ phase: Int, _ node: Int) {
        if shared.meters.isUsed, reply.isFromNode { measure(phase, node) }
        if case .answer(-1, _) = reply { nodes[node].doubt() }
        advance { $0.receive(reply, phase: phase, from: node) }
    }

    private func measure(_ phase: Int, _ node: Int) {
        guard let sent = state.withLock({ $0.sent.dropFirst(phase).first }) else { return }
        shared.meters.replied(node, after: sent.duration(to: shared.runtime.now))
    }

    /// Not once the round is decided, for then a release may be under way, and a grant behind it would stay for its
    /// whole TTL; a release itself must arrive in any case.
    func stillWants(_ request: RoundRequest) -> Bool { !request.withRunID || state.withLock { $0.verdict == nil } }

    func wasSent(_ request: RoundRequest, lateTo node: Int) {
        if request.withRunID, let verdict = state.withLock({ $0.verdict }) { afterLateSend([node], verdict) }
    }

    private func advance(_ event: (inout Machine) -> RoundStep<Machine.Verdict>) {
        var toSend: (RoundRequest, [Int])?
        var limit: RoundDeadlines.Place?
        let resolved = state.withLock { state -> (UnsafeContinuation<Machine.Verdict, Never>?, Machine.Verdict)? in
            switch event(&state.machine) {
            case .wait: return nil
            case .send(let request, let targets):
                toSend = (request, targets)
                return nil
            case .done(let verdict):
                guard state.verdict == nil else { return nil }
                state.verdict = verdict
                limit = state.limit.take()
                return (state.waiter.take(), verdict)
            }
        }
        if let limit { shared.deadlines.strike(limit) }
        // Outside the lock: a failing submission reports back at once, on this thread.
        if let (request, targets) = toSend {
            send(request, to: targets)
            if let verdict = state.withLock({ $0.verdict }) { afterLateSend(targets, verdict) }
        }
        if let (waiter, verdict) = resolved { waiter?.resume(returning: verdict) }
    }

    /// - Parameter targets: All nodes when nil.
    private func send(_ request: RoundRequest, to targets: [Int]?) {
        if Machine.self is AcquisitionMachine.Type { shared.acquisitions.add(1, ordering: .relaxed) }
        if shared.meters.isUsed {
            let now = shared.runtime.now
            // The request of a phase can go to some nodes first, and to the others later.
            state.withLock { state in
                if request.phase == state.sent.count { state.sent.append(now) } else { state.sent[request.phase] = now }
            }
        }
        shared.dispatcher.send(request, for: self, to: targets)
    }
}
