/// What one transfer has brought and its reader has not taken: a state machine without effects.
struct BodyBuffer {
    enum Taken {
        /// `resumes` tells that the transfer paused on a full buffer and may go on.
        case bytes([UInt8], resumes: Bool)
        case end
        case failed(HTTPError)
        /// Nothing yet.
        case nothing
    }

    let limit: Int
    private(set) var head: HTTPHead?
    private(set) var result: Result<Void, HTTPError>?
    private(set) var isPaused = false
    private var bytes: [UInt8] = []

    init(limit: Int) { self.limit = limit }

    var count: Int { bytes.count }
    /// Whether a reader would get something now.
    var hasNews: Bool { !bytes.isEmpty || result != nil }

    mutating func begin(_ head: HTTPHead) {
        precondition(self.head == nil && result == nil, "a transfer has one head, before its end")
        self.head = head
    }

    /// Takes the bytes, or refuses all of them and counts as paused. An empty buffer takes anything, so that a read
    /// larger than the limit still passes.
    mutating func offer(_ more: UnsafeRawBufferPointer) -> Bool {
        if !bytes.isEmpty && bytes.count + more.count > limit {
            isPaused = true
            return false
        }
        bytes.append(contentsOf: more)
        return true
    }

    mutating func take() -> Taken {
        if bytes.isEmpty {
            switch result {
            case .success: return .end
            case .failure(let error): return .failed(error)
            case nil: return .nothing
            }
        }
        defer {
            bytes = []
            isPaused = false
        }
        return .bytes(bytes, resumes: isPaused && result == nil)
    }

    /// The first result stands. What came before an error is still read, except that a cancelled reader wants nothing.
    mutating func finish(_ result: Result<Void, HTTPError>) {
        guard self.result == nil else { return }
        self.result = result
        if case .failure(let error) = result, error.kind == .cancelled { bytes = [] }
    }
}
