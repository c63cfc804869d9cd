import DequeModule
import HoldfastRuntime
import NIOCore
import Synchronization

/// One connection's commands and replies: first in, first out.
///
/// Any task appends to the locked outbox; the strand drains it in batches and hands replies to the waiters in order.
/// A pipeline lives as long as its stream and never reconnects: that is ``Link``'s part.
final class Pipeline: ByteStreamEvents, @unchecked Sendable {
    // @unchecked: everything marked "strand" is touched on the strand only; the rest is immutable or locked.
    private let outbox: Mutex<Outbox>
    private let strand: any Strand
    private let runtime: any Runtime
    let server: String

    // strand
    private var stream: (any ByteStream)?
    private var decoder: ReplyDecoder
    private var inFlight = Deque<Waiter>()
    private var spare = ByteBuffer()
    private var watchdog: Watchdog
    private var nextLook: (any StrandTimer)?
    private var ended = false
    private var onOpen: (() -> Void)?
    private var onEnd: ((RedisError) -> Void)?
    /// Takes replies that answer no command; without it such a reply is a protocol violation.
    var onPush: ((ReplyCursor) -> Void)?
    /// Called whenever the last unanswered command got its answer.
    var onIdle: (() -> Void)?

    // counters, written on the strand, read by tests and benchmarks
    let commandsWritten = Atomic<Int>(0)
    let batchesWritten = Atomic<Int>(0)

    init(
        _ configuration: RedisConfiguration, strand: any Strand, runtime: any Runtime,
        onOpen: @escaping () -> Void, onEnd: @escaping (RedisError) -> Void
    ) {
        outbox = Mutex(
            Outbox(
                maximumOutstanding: configuration.maximumOutstandingCommands,
                maximumBytes: configuration.maximumOutboxBytes))
        self.strand = strand
        self.runtime = runtime
        server = configuration.address.description
        decoder = ReplyDecoder(maximumReplyBytes: configuration.maximumReplyBytes)
        watchdog = Watchdog(
            commandTimeout: configuration.commandTimeout, idleCheckInterval: configuration.idleCheckInterval,
            now: runtime.now)
        self.onOpen = onOpen
        self.onEnd = onEnd
    }

    // MARK: - From any task

    /// Queues a command. `.full` and `.closed` leave nothing behind.
    /// - Parameter holding: The caller is on the strand and drains the pipeline itself, soon.
    func append(
        _ command: [UInt8], suffix: [UInt8]? = nil, _ waiter: Waiter?, holding: Bool = false
    ) -> Outbox.Admission {
        let admission = outbox.withLock { $0.append(command, suffix: suffix, waiter) }
        if case .queued(schedule: true) = admission, !holding { strand.execute { self.drain() } }
        return admission
    }

    /// Waits until the outbox has room again. Cancellation ends the wait.
    func room() async throws(RedisError) {
        let promise = Promise<Void>()
        guard outbox.withLock({ $0.park(promise) }) else { return }
        try await promise.wait(onCancel: RedisError(.cancelled, .notSent, "cancelled while queueing", server: server))
    }

    /// Why the pipeline takes no more commands; nil while it does.
    var closedReason: RedisError? { outbox.withLock { $0.closed } }

    var outstanding: Int { outbox.withLock { $0.outstanding } }

    func endSoon(_ error: RedisError) { strand.execute { self.end(error) } }

    // MARK: - On the strand

    /// Extra patience while a command waits at the server on purpose.
    func allow(extra: Duration) { watchdog.grace = extra }

    /// Whether the stream ever stood.
    private(set) var wasOpened = false

    /// Ends the connection: what was sent fails with an unknown outcome, what was queued as not sent.
    func end(_ error: RedisError) {
        guard !ended else { return }
        ended = true
        nextLook?.cancel()
        let onEnd = self.onEnd
        // Break the cycles with the owner.
        (self.onEnd, onOpen, onPush, onIdle) = (nil, nil, nil, nil)
        // The owner first: whoever fails below and tries again must not be given this pipeline once more.
        onEnd?(error)
        let (queued, parked) = outbox.withLock { $0.close(error.asNotSent()) }
        let sent = inFlight
        inFlight = []
        var unknown = error
        unknown.outcome = .outcomeUnknown
        for waiter in sent { waiter.receive(.failed(unknown), server: server) }
        for waiter in queued { waiter.receive(.failed(error.asNotSent()), server: server) }
        for promise in parked { promise.resolve(.failure(error.asNotSent())) }
        stream?.close()
        stream = nil
    }

    /// The time to connect has passed.
    func giveUpConnecting() {
        let message = wasOpened ? "took the connection but did not answer in time" : "no connection in time"
        end(RedisError(.timedOut, .notSent, message, server: server))
    }

    /// Hands what is queued to the stream. Without one, or while its peer takes nothing, that waits: ``opened(_:)`` and
    /// ``writabilityChanged()`` come back to it.
    func drain() {
        while !ended, let stream, stream.isWritable {
            recycleSpare()
            let before = inFlight.count
            let (taken, unparked) = outbox.withLock { outbox in
                (outbox.takeBatch(into: &spare, &inFlight), outbox.unparkIfRoom())
            }
            for promise in unparked { promise.resolve(.success(())) }
            guard taken else { return }
            if before == 0 { watchdog.expects(at: runtime.now) }
            commandsWritten.add(inFlight.count - before, ordering: .relaxed)
            batchesWritten.add(1, ordering: .relaxed)
            stream.write(spare)
        }
    }

    // A rare large batch must not keep its memory for ever.
    private func recycleSpare() {
        if spare.capacity > 1 << 20 { spare = ByteBuffer() } else { spare.clear() }
    }

    func opened(_ stream: any ByteStream) {
        guard !ended else { return stream.close() }
        self.stream = stream
        wasOpened = true
        watchdog.heard(at: runtime.now)
        watch()
        onOpen?()
        drain()
    }

    func received(_ bytes: ByteBuffer) {
        guard !ended else { return }
        var answered = 0
        var surplus: String?
        watchdog.heard(at: runtime.now)
        do throws(ReplyDecoder.Malformed) {
            try bytes.withUnsafeReadableBytes { (bytes) throws(ReplyDecoder.Malformed) in
                try decoder.feed(bytes) { cursor in
                    // A reply may end the pipeline; what follows it concerns nobody.
                    if ended {
                        return
                    } else if let onPush {
                        onPush(cursor)
                    } else if let waiter = inFlight.popFirst() {
                        answered += 1
                        // Whoever hears the last answer may give the connection back: it must count as idle by then.
                        if inFlight.isEmpty {
                            settle(answered)
                            answered = 0
                        }
                        waiter.receive(.reply(cursor), server: server)
                    } else if surplus == nil {
                        surplus = cursor.materialized().description
                    }
                }
            }
        } catch {
            settle(answered)
            return end(
                RedisError(.protocolViolation, .outcomeUnknown, "no Redis protocol: \(error.message)", server: server))
        }
        settle(answered)
        if let surplus {
            let message = "sent a reply that answers no command: \(surplus.prefix(120))"
            end(RedisError(.protocolViolation, .outcomeUnknown, message, server: server))
        }
    }

    func writabilityChanged() { drain() }

    func closed(_ reason: String?) {
        let message = reason ?? (wasOpened ? "the server closed the connection" : "cannot connect")
        end(RedisError(wasOpened ? .disconnected : .unreachable, .outcomeUnknown, message, server: server))
    }

    private func settle(_ answered: Int) {
        guard answered > 0 else { return }
        let (unparked, idle) = outbox.withLock { ($0.settle(answered), $0.outstanding == 0) }
        for promise in unparked { promise.resolve(.success(())) }
        if idle { onIdle?() }
    }

    private func watch() {
        let pause: Duration
        switch watchdog.look(at: runtime.now, answerDue: !inFlight.isEmpty) {
        case .lookAgain(let after): pause = after
        case .ask(let after):
            // An answer, whatever it says, proves life. In push mode it comes as a push.
            _ = append(Self.ping, onPush == nil ? .nobody : nil)
            pause = after
        case .dead(let silence):
            let message = "no answer for \(silence)"
            return end(RedisError(.timedOut, .outcomeUnknown, message, server: server))
        }
        nextLook = strand.schedule(after: pause) { [weak self] in
            guard let self, !self.ended else { return }
            self.watch()
        }
    }

    private static let ping = RESPEncoder.encode("PING", [])
}
