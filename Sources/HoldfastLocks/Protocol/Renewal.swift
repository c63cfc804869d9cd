/// One round of extending a lease, as a value. Only nodes that held the lease all along count; a repaired one counts
/// from the next round on, for in between it may have been granted to, and released by, another.
struct Renewal: Sendable {
    enum Answer: Sendable {
        case renewed
        case repaired
        case refused(NodeOutcome)
    }

    enum Action: Sendable, Equatable {
        case wait
        case renewed
        /// A majority cannot be had. `definite`: because nodes gave the lock up, not because they are silent.
        case failed(definite: Bool)
    }

    private let quorum: Quorum
    private(set) var isDecided = false
    private var renewed = 0
    private var repaired = 0
    private var refused = 0
    private var lost = 0

    init(_ quorum: Quorum) { self.quorum = quorum }

    mutating func receive(_ answer: Answer) -> Action {
        switch answer {
        case .renewed: renewed += 1
        case .repaired:
            refused += 1
            repaired += 1
        case .refused(.lostHold):
            refused += 1
            lost += 1
        case .refused: refused += 1
        }
        guard !isDecided else { return .wait }
        if renewed >= quorum.majority {
            isDecided = true
            return .renewed
        }
        if refused > quorum.tolerated {
            isDecided = true
            return .failed(definite: lost > quorum.tolerated)
        }
        return .wait
    }

    /// It takes longer than usual. With those that are repaired there is a majority: the next round, which counts them,
    /// does not have to wait for whoever is silent.
    mutating func hedge() -> Action { repaired + renewed >= quorum.majority ? expire() : .wait }

    mutating func expire() -> Action {
        if isDecided { return .wait }
        isDecided = true
        return .failed(definite: false)
    }
}
