/// One attempt to acquire, as a value: node answers in, actions out. Effects (sending, time) are its shell's.
///
/// Phase one asks all nodes for a grant; the token is the largest of the first majority of grants. When a majority
/// granted exactly that number, it is issued at once (one round trip). Otherwise the nodes below it are asked to
/// confirm it, and it is issued when a majority stores it.
///
/// Competitors that ask all nodes at once split them, and all fail. A contended attempt therefore asks one node first,
/// the name's *home*: whoever is refused there waits, and only who is granted there asks the rest. A home that cannot
/// vote is passed over.
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
    private var phase = Phase.granting
    private var isExpired = false
    private(set) var outcomes: [NodeOutcome?]
    private var tally = Tally()
    /// Which phases it took: one when the counters moved in step.
    private(set) var rounds = 1

    /// - Parameter home: The only node to ask first; nil: all are asked at once.
    init(_ quorum: Quorum, home: Int? = nil) {
        self.quorum = quorum
        self.home = home
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
        case .granting: return isHomeDecisive ? decideHome(answer) : decideGrants()
        case .confirming(let token): return decideConfirmations(token, latest: node)
        }
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
            outcome ?? (isHomeDecisive && node != home ? .notAsked : isExpired ? .noAnswer : .pending)
        }
    }

    /// Who is asked first; nil: all.
    var firstTargets: [Int]? { home.map { [$0] } }

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
        let action = decideGrants()
        guard action == .wait else { return action }
        return .ask(nodes: (0..<quorum.nodes).filter { $0 != home })
    }

    private mutating func decideGrants() -> Action {
        if tally.refused > quorum.tolerated { return fail() }
        guard tally.granted >= quorum.majority else { return .wait }
        let token = tally.largest
        if tally.inStep >= quorum.majority { return issue(token) }
        phase = .confirming(token)
        rounds = 2
        return .confirm(token, nodes: grants.filter { $0.token < token }.map(\.node))
    }

    private mutating func decideConfirmations(_ token: FencingToken, latest node: Int) -> Action {
        let storing = outcomes.count { $0 == .granted(token) || $0 == .confirmed(token) }
        if storing >= quorum.majority { return issue(token) }
        // A larger grant that came too late cannot be confirmed down; like a refusal it will never store the token.
        let hopeless = refusals + outcomes.count { if case .granted(let other) = $0 { other > token } else { false } }
        if hopeless > quorum.tolerated { return fail() }
        if case .granted(let late) = outcomes[node], late < token { return .confirm(token, nodes: [node]) }
        return .wait
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
