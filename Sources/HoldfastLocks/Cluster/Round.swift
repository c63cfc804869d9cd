import HoldfastRedis
import HoldfastRuntime
import Synchronization

/// One node's part in a round.
enum NodeReply: Sendable {
    /// The two integers that a lock script returns; one alone is the value, with the code 1.
    case answer(code: Int64, value: Int64)
    /// The node's record has not been checked on this connection, or forbids to use it.
    case notVoting
    case error(RedisError)

    /// What anything but the expected codes means.
    var refusal: NodeOutcome {
        switch self {
        case .answer(0, let left): .held(remaining: Self.span(left))
        case .answer(-3, let left): .heldByReaders(remaining: Self.span(left))
        case .answer(-4, let left): .writerWaits(remaining: Self.span(left))
        case .answer(-1, _), .notVoting: .notAdmitted
        case .answer(-2, let maximum):
            .failed(RedisError(.server, .answered, "the cluster's maximum TTL is \(maximum) ms"))
        case .answer(let code, _): .failed(RedisError(.unexpectedReply, .answered, "unknown answer \(code)"))
        case .error(let error):
            switch error.code {
            case .server, .unexpectedReply: .failed(error)
            case .timedOut,
                .disconnected where error.outcome == .outcomeUnknown:
                .noAnswer
            default: .unreachable(error)
            }
        }
    }

    private static func span(_ milliseconds: Int64) -> Duration? {
        milliseconds >= 0 ? .milliseconds(milliseconds) : nil
    }
}

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
    /// machine has compiled code of its own: what is only reached through ``ReplySink`` stays generic at run time, and
    /// that was a quarter of a client's processor time.
    static func receive(_ outcome: ReplyOutcome, tag: Int, in round: Round<Self>)
}

extension RoundMachine {
    static func receive(_ outcome: ReplyOutcome, tag: Int, in round: Round<Self>) { round.handle(outcome, tag) }
}

/// A script call that goes to several nodes with the same bytes; each node's run id is appended when it is wanted.
struct RoundRequest: Sendable {
    let phase: Int
    let script: RedisScript
    let keys: [RedisArgument]
    let arguments: [RedisArgument]
    let withRunID: Bool

    func encode(bySource: Bool) -> [UInt8] {
        script.encodeCall(keys: keys, arguments: arguments, missing: withRunID ? 1 : 0, bySource: bySource)
    }
}

/// The async shell of a round: one object and one continuation, whatever the number of nodes.
///
/// It is decided as soon as its machine says so, never waiting for the slowest node; later replies still reach the
/// machine, which then only records them.
final class Round<Machine: RoundMachine>: ReplySink, Expiring {
    private struct State {
        var machine: Machine
        var verdict: Machine.Verdict?
        /// Unchecked, for the check costs an object a round. The one place that resumes it takes it away first.
        var waiter: UnsafeContinuation<Machine.Verdict, Never>?
        /// One a phase, in their order.
        var requests: [RoundRequest] = []
        /// When each phase's request was sent last; empty when nobody takes the time.
        var sent: [Instant] = []
        var limit: RoundDeadlines.Place?
    }

    private let nodes: [LockNode]
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

    func receive(_ outcome: ReplyOutcome, tag: Int) { Machine.receive(outcome, tag: tag, in: self) }

    func handle(_ outcome: ReplyOutcome, _ tag: Int) {
        let (phase, node) = tag.quotientAndRemainder(dividingBy: nodes.count)
        let reply: NodeReply
        switch outcome {
        case .failed(let error): reply = .error(error)
        case .reply(let cursor) where cursor.kind == .error:
            let error = RedisError(.server, .answered, cursor.text, server: nodes[node].client.server)
            if error.serverPrefix == "NOSCRIPT", resendBySource(phase, node) { return }
            reply = .error(error)
        case .reply(let cursor) where cursor.kind == .integer: reply = .answer(code: 1, value: cursor.value)
        case .reply(let cursor):
            if let code = cursor.scalar(at: 0), let value = cursor.scalar(at: 1), code.kind == .integer {
                reply = .answer(code: code.value, value: value.value)
            } else {
                reply = .error(
                    RedisError(
                        .unexpectedReply, .answered, "not the script's reply: \(cursor.materialized())",
                        server: nodes[node].client.server))
            }
        }
        if shared.meters.isUsed { measure(outcome, phase, node) }
        deliver(reply, phase: phase, node: node)
    }

    private func measure(_ outcome: ReplyOutcome, _ phase: Int, _ node: Int) {
        guard case .reply = outcome, let sent = state.withLock({ $0.sent.dropFirst(phase).first }) else { return }
        shared.meters.replied(node, after: sent.duration(to: shared.runtime.now))
    }

    private func deliver(_ reply: NodeReply, phase: Int, node: Int) {
        if case .answer(-1, _) = reply { nodes[node].doubt() }
        advance { $0.receive(reply, phase: phase, from: node) }
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
        state.withLock { state in
            // The request of a phase can go to some nodes first, and to the others later.
            if request.phase == state.requests.count { state.requests.append(request) }
            guard shared.meters.isUsed else { return }
            let now = shared.runtime.now
            if request.phase == state.sent.count { state.sent.append(now) } else { state.sent[request.phase] = now }
        }
        let encoded = request.encode(bySource: false)
        if let targets {
            for node in targets { submit(encoded, request, node) }
        } else {
            for node in nodes.indices { submit(encoded, request, node) }
        }
    }

    private func submit(_ encoded: [UInt8], _ request: RoundRequest, _ node: Int) {
        let tag = request.phase * nodes.count + node
        if request.withRunID {
            guard let runID = nodes[node].votingRunID else {
                let error = nodes[node].connectionError
                return deliver(error.map { .error($0) } ?? .notVoting, phase: request.phase, node: node)
            }
            nodes[node].client.submit(
                encoded, suffix: runID.encoded, onlyTo: runID.text, to: self, tag: tag)
        } else {
            nodes[node].client.submit(encoded, to: self, tag: tag)
        }
    }

    /// Whether the node was asked again with the script's source. Not once the round is decided, for then a release may
    /// be under way, and a grant behind it would stay for its whole TTL; a release itself must arrive in any case.
    private func resendBySource(_ phase: Int, _ node: Int) -> Bool {
        let wanted = state.withLock { state -> RoundRequest? in
            guard phase < state.requests.count else { return nil }
            let request = state.requests[phase]
            return state.verdict == nil || !request.withRunID ? request : nil
        }
        guard let request = wanted else { return false }
        submit(request.encode(bySource: true), request, node)
        // The round may have been decided meanwhile, and its release be ahead of this.
        if request.withRunID, let verdict = state.withLock({ $0.verdict }) { afterLateSend([node], verdict) }
        return true
    }
}
