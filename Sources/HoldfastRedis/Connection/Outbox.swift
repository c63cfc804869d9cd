import DequeModule
import NIOCore

/// Commands on their way to the socket, as a value guarded by its pipeline's lock. Only appends and swaps happen
/// under that lock; whoever appends first schedules the drain, and what arrives during a flush forms the next batch.
struct Outbox {
    enum Admission {
        /// Queued. When `schedule` is true the caller must have the pipeline drained.
        case queued(schedule: Bool)
        case full
        case closed(RedisError)
    }

    private(set) var bytes = ByteBuffer()
    private(set) var waiters = Deque<Waiter>()
    /// Commands queued or unanswered.
    private(set) var outstanding = 0
    private(set) var parked: [Promise<Void>] = []
    private(set) var closed: RedisError?
    private var drainScheduled = false

    let maximumOutstanding: Int
    let maximumBytes: Int

    init(maximumOutstanding: Int, maximumBytes: Int) {
        // At zero nobody would ever get through.
        self.maximumOutstanding = max(1, maximumOutstanding)
        self.maximumBytes = max(1, maximumBytes)
    }

    private func hasRoom(for size: Int) -> Bool {
        outstanding < maximumOutstanding && (bytes.readableBytes == 0 || bytes.readableBytes + size <= maximumBytes)
    }

    mutating func append(_ command: [UInt8], suffix: [UInt8]?, _ waiter: Waiter?) -> Admission {
        if let closed { return .closed(closed) }
        guard hasRoom(for: command.count + (suffix?.count ?? 0)) else { return .full }
        bytes.writeBytes(command)
        if let suffix { bytes.writeBytes(suffix) }
        // A command without a waiter is one whose answer comes as a push (SUBSCRIBE).
        if let waiter {
            waiters.append(waiter)
            outstanding += 1
        }
        defer { drainScheduled = true }
        return .queued(schedule: !drainScheduled)
    }

    /// Moves the batch out: `spare`, an empty buffer, becomes the new outbox. False: nothing to do, drain ended.
    mutating func takeBatch(into spare: inout ByteBuffer, _ inFlight: inout Deque<Waiter>) -> Bool {
        guard bytes.readableBytes > 0 else {
            drainScheduled = false
            return false
        }
        swap(&bytes, &spare)
        inFlight.append(contentsOf: waiters)
        waiters.removeAll(keepingCapacity: true)
        return true
    }

    mutating func park(_ promise: Promise<Void>) -> Bool {
        guard closed == nil, !hasRoom(for: 1) || bytes.readableBytes > 0 else { return false }
        parked.append(promise)
        return true
    }

    /// Counts answered commands; returns the parked callers when there is room for them again.
    mutating func settle(_ answered: Int) -> [Promise<Void>] {
        outstanding -= answered
        return unparkIfRoom()
    }

    mutating func unparkIfRoom() -> [Promise<Void>] {
        guard !parked.isEmpty, outstanding <= maximumOutstanding / 2, bytes.readableBytes <= maximumBytes / 2 else {
            return []
        }
        defer { parked = [] }
        return parked
    }

    /// Refuses everything from now on; returns who was queued (never sent) and who was parked.
    mutating func close(_ error: RedisError) -> (queued: Deque<Waiter>, parked: [Promise<Void>]) {
        guard closed == nil else { return ([], []) }
        closed = error
        defer {
            waiters = []
            parked = []
            bytes = ByteBuffer()
        }
        return (waiters, parked)
    }
}
