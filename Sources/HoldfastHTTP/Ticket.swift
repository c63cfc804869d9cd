internal import HoldfastRuntime

/// A request on its way to the driver thread.
struct Ticket: Sendable {
    let id: UInt64
    let request: HTTPRequest
    let url: RequestURL
    let deadline: Instant
    let exchange: Exchange

    func error(_ kind: HTTPError.Kind, outcome: HTTPError.Outcome) -> HTTPError {
        HTTPError(kind, url: url.printable, outcome: outcome)
    }
}
