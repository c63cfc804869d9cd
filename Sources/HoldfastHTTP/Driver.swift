internal import CCurl
internal import Glibc
internal import HoldfastRuntime
internal import Synchronization

/// The way from tasks to the one thread that owns libcurl's multi handle: commands go into an inbox, and
/// curl_multi_wakeup ends the thread's poll.
final class Driver: Sendable {
    enum Command: Sendable {
        case start(Ticket)
        case cancel(UInt64)
        /// The reader of a paused transfer has room again.
        case resume(UInt64)
    }

    private struct Inbox {
        var commands: [Command] = []
        var nextID: UInt64 = 0
        var unfinished = 0
        var isClosing = false
        var hasEnded = false
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    let configuration: HTTPConfiguration
    let runtime: any Runtime
    let statistics = StatisticsBox()
    /// Owned by the thread, which frees it as its last act. Others only wake it, under the inbox's lock and before
    /// `hasEnded`: curl_multi_wakeup(3) "can be called from any thread".
    nonisolated(unsafe) let multi: UnsafeMutableRawPointer
    private let inbox = Mutex(Inbox())

    /// curl_global_init(3) must run once before anything else; `static let` runs it once.
    private static let libraryIsReady = holdfast_curl_global_init() == CURLE_OK

    init(_ configuration: HTTPConfiguration, runtime: any Runtime) {
        precondition(Self.libraryIsReady, "libcurl cannot initialise: its TLS library failed to load")
        guard let multi = curl_multi_init() else { preconditionFailure("out of memory") }
        self.configuration = configuration
        self.runtime = runtime
        self.multi = multi
        _ = holdfast_curl_multi_set_cache(multi, configuration.maxConcurrent)
    }

    /// Starts the thread, which keeps the driver alive until it ends.
    func start() {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        let code = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                let driver = Unmanaged<Driver>.fromOpaque(context).takeRetainedValue()
                DriverLoop(driver).run()
                return nil
            }, context)
        pthread_attr_destroy(&attributes)
        precondition(code == 0, "no thread for HTTP: \(String(cString: strerror(code)))")
    }

    // ---- the tasks' side

    /// Accepts the request and gives it a number, or says why not.
    func submit(_ request: HTTPRequest, _ url: RequestURL, _ exchange: Exchange) -> Result<UInt64, HTTPError> {
        let deadline = runtime.now.advanced(by: request.timeout ?? configuration.totalTimeout)
        return inbox.withLock { inbox in
            func refuse(_ kind: HTTPError.Kind) -> Result<UInt64, HTTPError> {
                .failure(HTTPError(kind, url: url.printable, outcome: .notSent))
            }
            if inbox.isClosing { return refuse(.closed) }
            if inbox.unfinished - configuration.maxConcurrent >= configuration.maxWaiting {
                return refuse(.overloaded(limit: configuration.maxWaiting))
            }
            inbox.nextID += 1
            inbox.unfinished += 1
            let ticket = Ticket(id: inbox.nextID, request: request, url: url, deadline: deadline, exchange: exchange)
            append(.start(ticket), to: &inbox)
            return .success(ticket.id)
        }
    }

    func post(_ command: Command) { inbox.withLock { append(command, to: &$0) } }

    private func append(_ command: Command, to inbox: inout Inbox) {
        if inbox.hasEnded { return }
        // A command before this one has woken the thread already, which takes them all.
        if inbox.commands.isEmpty && !inbox.isClosing { curl_multi_wakeup(multi) }
        inbox.commands.append(command)
    }

    func beginClose() {
        inbox.withLock { inbox in
            if inbox.isClosing { return }
            inbox.isClosing = true
            curl_multi_wakeup(multi)
        }
    }

    /// Waits until the thread is done. Not cut short by cancellation: the thread ends promptly by itself.
    func close() async {
        beginClose()
        await withCheckedContinuation { continuation in
            let hasEnded = inbox.withLock { inbox in
                if !inbox.hasEnded { inbox.closers.append(continuation) }
                return inbox.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    var unfinished: Int { inbox.withLock { $0.unfinished } }

    // ---- the thread's side

    func drain() -> (commands: [Command], isClosing: Bool) {
        inbox.withLock { inbox in
            defer { inbox.commands = [] }
            return (inbox.commands, inbox.isClosing)
        }
    }

    /// Gives the place back before the reader hears of the result, so that a reader sees its request gone.
    func finish(_ ticket: Ticket, _ result: Result<Void, HTTPError>) {
        inbox.withLock { $0.unfinished -= 1 }
        ticket.exchange.finish(result)
    }

    func end() {
        let closers = inbox.withLock { inbox in
            inbox.hasEnded = true
            curl_multi_cleanup(multi)
            defer { inbox.closers = [] }
            return inbox.closers
        }
        for closer in closers { closer.resume() }
    }
}
