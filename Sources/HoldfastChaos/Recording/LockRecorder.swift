import HoldfastHistory
import HoldfastLocks

/// Writes down what happens to a client's locks.
struct LockRecorder: Sendable {
    let history: HistoryWriter

    func record(_ event: LockEvent) {
        switch event {
        case .acquired(let lease, _):
            for name in lease.names {
                history.record(
                    HistoryFunction.acquire, [.text(name.text), .null], began: lease.began, .ok,
                    tenure(name, lease), until: lease.validUntil, rounds: lease.rounds)
            }
        case .renewed(let lease):
            for name in lease.names {
                history.end(history.begin(HistoryFunction.renew, tenure(name, lease)), .ok, until: lease.validUntil)
            }
        case .released(let lease):
            for name in lease.names { end(name, lease, .ok) }
        case .lost(let lease, let reason):
            for name in lease.names { end(name, lease, .fail, error: reason) }
        case .refused(let names, let error):
            for name in names {
                let asked: HistoryValue = [.text(name.text), .null]
                history.end(history.begin(HistoryFunction.acquire, asked), .fail, error: error.description)
            }
        }
    }

    /// The observer is told when the nodes have answered; the tenure ended before they were asked.
    private func end(_ name: LockName, _ lease: Lease, _ type: HistoryEvent.Kind, error: String? = nil) {
        let tenure = tenure(name, lease)
        history.record(
            HistoryFunction.release, tenure, began: lease.ended ?? lease.began, type, tenure, error: error)
    }

    private func tenure(_ name: LockName, _ lease: Lease) -> HistoryValue {
        [.text(name.text), .number(lease.token.rawValue)]
    }
}
