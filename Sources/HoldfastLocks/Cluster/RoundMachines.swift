import HoldfastRedis

/// Feeds replies to an ``Acquisition``.
struct AcquisitionMachine: RoundMachine {
    enum Verdict: Sendable {
        /// `holders`: who may have granted it; nil for all.
        case issued(FencingToken, rounds: Int, holders: [Int]?, Acquisition.Tempo)
        case failed([NodeOutcome])
    }

    private var acquisition: Acquisition
    private let grant: RoundRequest
    private let confirm: @Sendable (FencingToken) -> RoundRequest

    init(
        _ acquisition: Acquisition, grant: RoundRequest, confirm: @escaping @Sendable (FencingToken) -> RoundRequest
    ) {
        self.acquisition = acquisition
        self.grant = grant
        self.confirm = confirm
    }

    mutating func receive(_ reply: NodeReply, phase: Int, from node: Int) -> RoundStep<Verdict> {
        let answer: Acquisition.Answer
        switch reply {
        case .answer(1, let token) where phase == 0: answer = .granted(FencingToken(rawValue: token))
        case .answer(1, _): answer = .confirmed
        case .answer(0, _) where phase == 1: answer = .refused(.lostHold)
        default: answer = .refused(reply.refusal)
        }
        let action = acquisition.receive(answer, from: node)
        return step(after: action)
    }

    mutating func expire() -> RoundStep<Verdict> {
        let action = acquisition.expire()
        return step(after: action)
    }

    mutating func hedge() -> RoundStep<Verdict> {
        let action = acquisition.hedge()
        return step(after: action)
    }

    var mayHedge: Bool { acquisition.mayHedge }

    var stragglers: [Int] { acquisition.stragglers }

    // The action must be computed before this call: as its argument it would change the state behind `self`'s copy.
    private func step(after action: Acquisition.Action) -> RoundStep<Verdict> {
        switch action {
        case .wait: .wait
        case .ask(let nodes): .send(grant, to: nodes)
        case .confirm(let token, let nodes): .send(confirm(token), to: nodes)
        case .issued(let token):
            .done(.issued(token, rounds: acquisition.rounds, holders: acquisition.asked, acquisition.tempo))
        case .failed: .done(.failed(acquisition.report))
        }
    }
}

/// Feeds replies to a ``Renewal``.
struct RenewalMachine: RoundMachine {
    enum Verdict: Sendable, Equatable {
        case renewed
        case failed(definite: Bool)
    }

    private var renewal: Renewal

    init(_ quorum: Quorum) { renewal = Renewal(quorum) }

    mutating func receive(_ reply: NodeReply, phase: Int, from node: Int) -> RoundStep<Verdict> {
        switch reply {
        case .answer(1, _): step(renewal.receive(.renewed))
        case .answer(2, _): step(renewal.receive(.repaired))
        case .answer(0, _): step(renewal.receive(.refused(.lostHold)))
        default: step(renewal.receive(.refused(reply.refusal)))
        }
    }

    mutating func expire() -> RoundStep<Verdict> { step(renewal.expire()) }

    mutating func hedge() -> RoundStep<Verdict> { step(renewal.hedge()) }

    var mayHedge: Bool { !renewal.isDecided }

    private func step(_ action: Renewal.Action) -> RoundStep<Verdict> {
        switch action {
        case .wait: .wait
        case .renewed: .done(.renewed)
        case .failed(let definite): .done(.failed(definite: definite))
        }
    }
}

/// A release: decided when whoever comes next finds a majority free: those who have answered, and those who never had
/// the lock.
struct ReleaseMachine: RoundMachine {
    private let asked: Int
    /// How many answers that takes; none where enough never had it.
    let needed: Int
    private var answered = 0
    private var silent = 0

    /// - Parameter asked: How many nodes may have the lock.
    init(_ quorum: Quorum, asked: Int) {
        self.asked = asked
        needed = quorum.majority - (quorum.nodes - asked)
    }

    mutating func receive(_ reply: NodeReply, phase: Int, from node: Int) -> RoundStep<Void> {
        if case .answer = reply { answered += 1 } else { silent += 1 }
        return answered >= needed || answered + silent == asked ? .done(()) : .wait
    }

    mutating func expire() -> RoundStep<Void> { .done(()) }
}
