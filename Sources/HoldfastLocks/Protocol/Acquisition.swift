/// One attempt to acquire, as a value: node answers in, actions out. Effects (sending, time) are its shell's.
///
/// Phase one asks all nodes for a grant; the token is the largest of the first majority of grants. When a majority
/// granted exactly that number, it is issued at once (one round trip). Otherwise the nodes below it are asked to
/// confirm it, and it is issued when a majority stores it.
///
/// Competitors that ask all nodes at once split them, and all fail. A contended attempt therefore asks one node first,
/// the name's *home*: whoever is refused there waits, and only who is granted there asks the rest. A home that cannot
/// vote is passed over.
///
/// Nodes can be kept in *reserve*: then no more than a majority is asked ("thrifty", as Moraru et al. call it, There Is
/// More Consensus in Egalitarian Parliaments, 2013), and the others where that does not come to a lock by itself. Which
/// nodes are asked when changes nothing of what an answer is worth.
struct Acquisition: Sendable {
    enum Answer: Sendable {
        case granted(FencingToken)
        case confirmed
        /// Any answer that is neither: refused, unreachable, failed.
        case refused(NodeOutcome)
    }

    enum Action: Sendable, Equatable {
        case wait
        /// Ask these nodes for a grant too.
        case ask(nodes: [Int])
        /// Ask these nodes to store the token.
        case confirm(FencingToken, nodes: [Int])
        case issued(FencingToken)
        case failed
    }

    private enum Phase { case granting, confirming(FencingToken), decided }

    /// What the answers to the first phase come to. Kept up to date, for most attempts need nothing else.
    private struct Tally {
        var granted = 0
        var refused = 0
        /// The largest token granted, and how many nodes granted it.
        var largest = FencingToken(rawValue: 0)
        var inStep = 0

        mutating func count(_ answer: Answer) {
            switch answer {
            case .granted(let token):
                granted += 1
                if token == largest { inStep += 1 }
                if token > largest { (largest, inStep) = (token, 1) }
            case .refused: refused += 1
            case .confirmed: break
            }
        }
    }

    private let quorum: Quorum
    private let home: Int?
    private var isHomeDecisive: Bool
    /// Who has not been asked, and is only when the others do not suffice.
    private var reserve: [Int]
    /// The same at the beginning.
    private let spared: [Int]
    private var isHedged = false
    /// Nodes were asked since the hedge delay ran out last.
    private var hasJustAsked = false
    /// Who had not said anything when others were asked for it, though somebody had.
    private(set) var stragglers: [Int] = []
    private var phase = Phase.granting
    private var isExpired = false
    private(set) var outcomes: [NodeOutcome?]
    private var tally = Tally()
    /// Which phases it took: one when the counters moved in step.
    private(set) var rounds = 1

    /// - Parameters:
    ///   - home: The only node to ask first; nil: all are asked at once.
    ///   - reserve: Nodes to leave out at first: not the home, and as many as leave a majority.
    init(_ quorum: Quorum, home: Int? = nil, reserve: [Int] = []) {
        self.quorum = quorum
        self.home = home
        self.reserve = reserve
        spared = reserve
        isHomeDecisive = home != nil
        outcomes = Array(repeating: nil, count: quorum.nodes)
    }

    mutating func receive(_ answer: Answer, from node: Int) -> Action {
        if case .granting = phase {
            // A node has one vote.
            guard case nil = outcomes[node] else { return .wait }
            tally.count(answer)
        }
        switch answer {
        case .granted(let token): outcomes[node] = .granted(token)
        case .confirmed:
            guard case .confirming(let token) = phase else { return .wait }
            outcomes[node] = .confirmed(token)
        case .refused(let outcome): outcomes[node] = outcome
        }
        switch phase {
        case .decided: return .wait
        case .granting: return isHomeDecisive ? decideHome(answer) : decideGrants(latest: answer)
        case .confirming(let token): return decideConfirmations(token, latest: answer, from: node)
        }
    }

    /// It takes longer than usual: whoever is in reserve is asked too (a hedged request: Dean and Barroso, The Tail at
    /// Scale, 2013). Not while the home alone is asked, for its refusal would decide, and not before those who were
    /// asked behind it have had as long. Told each time that the hedge delay runs out, while it ``mayHedge``.
    mutating func hedge() -> Action {
        guard mayHedge, !isHomeDecisive else { return .wait }
        if hasJustAsked {
            hasJustAsked = false
            return .wait
        }
        isHedged = true
        let asked = outcomes.indices.filter(wasAsked)
        let silent = asked.filter { outcomes[$0] == nil }
        if silent.count < asked.count { stragglers = silent }
        return askReserve() ?? .wait
    }

    /// Whether a hedge may still ask somebody.
    var mayHedge: Bool {
        if case .decided = phase { return false }
        return !reserve.isEmpty
    }

    enum Tempo: Sendable, Equatable {
        /// Nobody's answer counted who was not to be asked at first: it tells how long such attempts take, even if
        /// others were asked in the end.
        case usual
        /// It needed others because it took too long.
        case hedged
        /// It needed others for another reason.
        case hindered
    }

    var tempo: Tempo {
        let didWithout = spared.allSatisfy { node in
            switch outcomes[node] {
            case .granted, .confirmed: false
            default: true
            }
        }
        return didWithout ? .usual : isHedged ? .hedged : .hindered
    }

    /// Time is up: whoever has not answered may have granted, and does not count.
    mutating func expire() -> Action {
        if case .decided = phase { return .wait }
        phase = .decided
        isExpired = true
        return .failed
    }

    /// What each node said, for errors.
    var report: [NodeOutcome] {
        outcomes.enumerated().map { node, outcome in
            // A home that was asked may have granted, whoever else was not asked.
            outcome ?? (!wasAsked(node) ? .notAsked : isExpired ? .noAnswer : .pending)
        }
    }

    /// Who is to be asked, or was, by now: whoever else grants nothing. Nil: all.
    var asked: [Int]? { isHomeDecisive || !reserve.isEmpty ? outcomes.indices.filter(wasAsked) : nil }

    private func wasAsked(_ node: Int) -> Bool { isHomeDecisive ? node == home : !reserve.contains(node) }

    private var grants: [(node: Int, token: FencingToken)] {
        outcomes.enumerated().compactMap { node, outcome in
            if case .granted(let token) = outcome { (node, token) } else { nil }
        }
    }

    private var refusals: Int {
        outcomes.count { outcome in
            switch outcome {
            case nil, .granted, .confirmed: false
            default: true
            }
        }
    }

    private mutating func decideHome(_ answer: Answer) -> Action {
        switch answer {
        case .refused(.held), .refused(.writerWaits): return fail()
        default: break
        }
        isHomeDecisive = false
        // A home that cannot vote leaves no majority without the reserve.
        if case .refused = answer { reserve = [] }
        let action = decideGrants(latest: answer)
        guard action == .wait else { return action }
        hasJustAsked = true
        return .ask(nodes: outcomes.indices.filter { $0 != home && wasAsked($0) })
    }

    private mutating func decideGrants(latest answer: Answer) -> Action {
        if tally.refused > quorum.tolerated { return fail() }
        guard tally.granted >= quorum.majority else {
            return needsReserve(after: answer) ? askReserve() ?? .wait : .wait
        }
        let token = tally.largest
        if tally.inStep >= quorum.majority { return issue(token) }
        phase = .confirming(token)
        rounds = 2
        return .confirm(token, nodes: grants.filter { $0.token < token }.map(\.node))
    }

    private mutating func decideConfirmations(
        _ token: FencingToken, latest answer: Answer, from node: Int
    ) -> Action {
        let storing = outcomes.count { $0 == .granted(token) || $0 == .confirmed(token) }
        if storing >= quorum.majority { return issue(token) }
        // A larger grant that came too late cannot be confirmed down; like a refusal it will never store the token.
        let hopeless = refusals + outcomes.count { if case .granted(let other) = $0 { other > token } else { false } }
        if hopeless > quorum.tolerated { return fail() }
        if case .refused = answer, let action = askReserve() { return action }
        if case .granted(let late) = outcomes[node], late < token { return .confirm(token, nodes: [node]) }
        return .wait
    }

    /// Where a lock is held, all who were asked are heard first: their refusals may decide, and a grant that is given
    /// back at once would only be in its holder's way.
    private func needsReserve(after answer: Answer) -> Bool {
        if case .refused(let outcome) = answer, !outcome.isByOthers { return true }
        return tally.granted + tally.refused == quorum.nodes - reserve.count
    }

    /// Nil when there is none.
    private mutating func askReserve() -> Action? {
        if reserve.isEmpty { return nil }
        defer { reserve = [] }
        return .ask(nodes: reserve)
    }

    private mutating func issue(_ token: FencingToken) -> Action {
        phase = .decided
        return .issued(token)
    }

    private mutating func fail() -> Action {
        phase = .decided
        return .failed
    }
}

extension NodeOutcome {
    /// The node works, and keeps the lock for somebody else.
    fileprivate var isByOthers: Bool {
        switch self {
        case .held, .heldByReaders, .writerWaits: true
        case .granted, .confirmed, .lostHold, .notAdmitted, .noAnswer, .pending, .notAsked, .unreachable, .failed: false
        }
    }
}
