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
    /// It takes longer than usual. Called when the round's hedge delay has run out, and each time that it does again
    /// while the machine ``mayHedge``.
    mutating func hedge() -> RoundStep<Verdict>
    var mayHedge: Bool { get }
    /// Who was late when it hedged.
    var stragglers: [Int] { get }

    /// Hands a reply to the round of such a machine. A requirement, although there is one implementation, so that each
    /// machine has compiled code of its own: what is only reached through ``Asking`` stays generic at run time, and
    /// that was a quarter of a client's processor time.
    static func receive(_ reply: NodeReply, phase: Int, from node: Int, in round: Round<Self>)
}

extension RoundMachine {
    mutating func hedge() -> RoundStep<Verdict> { .wait }

    var mayHedge: Bool { false }

    var stragglers: [Int] { [] }

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
        /// When a request was sent to each node last; empty when nobody takes the time.
        var sent: [Int: Instant] = [:]
        var limit: RoundDeadlines.Place?
        var hedging: Hedging?
    }

    private struct Hedging {
        let delay: Duration
        /// How much time there is when the delay that runs now is over.
        var rest: Duration
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
    /// - Parameter hedgeAfter: When the machine is to hedge; never when nil.
    func run(
        _ request: RoundRequest, to first: [Int]? = nil, hedgeAfter: Duration? = nil, timeout: Duration
    ) async -> Machine.Verdict {
        if let hedgeAfter { state.withLock { $0.hedging = Hedging(delay: hedgeAfter, rest: timeout - hedgeAfter) } }
        send(request, to: first)
        let limit = shared.deadlines.add(self, after: hedgeAfter ?? timeout)
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

    func timeIsUp(at place: RoundDeadlines.Place) {
        guard let hedging = state.withLock({ $0.hedging }), hedging.rest > .zero else { return expire() }
        advance { $0.hedge() }
        let (pause, stragglers) = state.withLock { state in
            let pause = state.machine.mayHedge ? min(hedging.delay, hedging.rest) : hedging.rest
            state.hedging?.rest -= pause
            return (pause, state.machine.stragglers)
        }
        for node in stragglers { nodes[node].lags() }
        shared.deadlines.postpone(self, at: place, by: pause)
    }

    func receive(_ reply: NodeReply, phase: Int, from node: Int) {
        Machine.receive(reply, phase: phase, from: node, in: self)
    }

    func handle(_ reply: NodeReply, _ phase: Int, _ node: Int) {
        if shared.meters.isUsed, reply.isFromNode { measure(node) }
        if case .answer(-1, _) = reply { nodes[node].doubt() }
        advance { $0.receive(reply, phase: phase, from: node) }
    }

    private func measure(_ node: Int) {
        guard let sent = state.withLock({ $0.sent[node] }) else { return }
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
            shared.runtime.pass(request.phase == 0 ? LockPoint.asking : LockPoint.confirming)
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
            state.withLock { state in for node in targets ?? Array(nodes.indices) { state.sent[node] = now } }
        }
        shared.dispatcher.send(request, for: self, to: targets)
    }
}
