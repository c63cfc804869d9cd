/// The bytes of an answer in the pieces in which they came, for one reader.
///
/// Reading slowly pauses the transfer. Cancelling the reading task ends it with an error whose kind is `cancelled`, and
/// so does dropping the body before its end.
public struct HTTPBody: AsyncSequence, Sendable {
    public typealias Element = [UInt8]
    public typealias Failure = HTTPError

    private let reader: BodyReader

    init(_ reader: BodyReader) { self.reader = reader }

    public func makeAsyncIterator() -> Iterator { Iterator(reader: reader) }

    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let reader: BodyReader

        public func next() async throws(HTTPError) -> [UInt8]? { try await reader.next() }

        public func next(isolation actor: isolated (any Actor)?) async throws(HTTPError) -> [UInt8]? {
            try await reader.next()
        }
    }
}

/// Owns the reading end of a transfer: when the last copy of the body goes, so does the transfer.
final class BodyReader: Sendable {
    /// A client that is dropped closes; the reader keeps it.
    private let client: HTTPClient
    private let driver: Driver
    private let id: UInt64
    private let exchange: Exchange

    init(_ client: HTTPClient, _ driver: Driver, _ id: UInt64, _ exchange: Exchange) {
        self.client = client
        self.driver = driver
        self.id = id
        self.exchange = exchange
    }

    deinit {
        if !exchange.isFinished { driver.post(.cancel(id)) }
    }

    func next() async throws(HTTPError) -> [UInt8]? {
        let taken = await withTaskCancellationHandler {
            await exchange.take()
        } onCancel: {
            driver.post(.cancel(id))
        }
        switch taken {
        case .bytes(let bytes, let resumes):
            if resumes { driver.post(.resume(id)) }
            return bytes
        case .end: return nil
        case .failed(let error): throw error
        case .nothing: preconditionFailure("the exchange waits for news")
        }
    }
}
