internal import Synchronization

/// Where the driver thread hands a transfer to the task that reads it: a `BodyBuffer` behind a lock, and the one
/// continuation that waits for news. Continuations are resumed after the lock is released.
final class Exchange: Sendable {
    private struct State {
        var buffer: BodyBuffer
        var reader: CheckedContinuation<Void, Never>?
    }

    private let state: Mutex<State>

    init(bufferLimit: Int) { state = Mutex(State(buffer: BodyBuffer(limit: bufferLimit))) }

    var isFinished: Bool { state.withLock { $0.buffer.result != nil } }
    var isPaused: Bool { state.withLock { $0.buffer.isPaused } }

    // ---- the driver's side

    func begin(_ head: HTTPHead) { change { $0.begin(head) } }

    /// Whether the bytes were taken, and how many wait now.
    func offer(_ bytes: UnsafeRawBufferPointer) -> (taken: Bool, waiting: Int) {
        change { buffer in (buffer.offer(bytes), buffer.count) }
    }

    func finish(_ result: Result<Void, HTTPError>) { change { $0.finish(result) } }

    private func change<Value>(_ body: (inout BodyBuffer) -> Value) -> Value {
        let (value, reader) = state.withLock { state in
            let value = body(&state.buffer)
            defer { state.reader = nil }
            return (value, state.reader)
        }
        reader?.resume()
        return value
    }

    // ---- the reader's side

    /// Waits for the head of the answer.
    func head() async -> Result<HTTPHead, HTTPError> {
        while true {
            let (head, result) = state.withLock { ($0.buffer.head, $0.buffer.result) }
            if let head { return .success(head) }
            switch result {
            case .failure(let error): return .failure(error)
            case .success: preconditionFailure("a transfer that succeeded has a head")
            case nil: await news { $0.head != nil || $0.result != nil }
            }
        }
    }

    /// Waits for bytes, the end or a failure; never answers `nothing`.
    func take() async -> BodyBuffer.Taken {
        while true {
            let taken = state.withLock { $0.buffer.take() }
            guard case .nothing = taken else { return taken }
            await news(\.hasNews)
        }
    }

    private func news(_ exists: @Sendable (BodyBuffer) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isHere = state.withLock { state in
                if exists(state.buffer) { return true }
                precondition(state.reader == nil, "the body of an answer has one reader; a second one asked for bytes")
                state.reader = continuation
                return false
            }
            if isHere { continuation.resume() }
        }
    }
}
