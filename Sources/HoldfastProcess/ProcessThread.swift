import CProcess
import Glibc
import Synchronization

/// The one thread that starts children and that hears of their ends and of their pipes.
///
/// prctl(2) on PR_SET_PDEATHSIG: "the 'parent' in this case is considered to be the *thread* that created this
/// process". A child that was started from a pool thread would be killed when the pool retires that thread. This
/// thread ends only with the process, so "dies with its parent" means the parent process.
final class ProcessThread: Sendable {
    static let shared = ProcessThread()

    private struct State {
        var requests: [@Sendable () -> Void] = []
        /// By descriptor. A number that was closed and given out again may wake its handler once too often.
        var handlers: [Int32: @Sendable () -> Void] = [:]
    }

    private let events: Int32
    private let wakeUp: Int32
    private let state = Mutex(State())

    private init() {
        cprocess_keep_children()
        events = cprocess_events_create()
        wakeUp = cprocess_wakeup_create(events)
        precondition(events >= 0 && wakeUp >= 0, "the kernel gave no descriptors for the thread that starts processes")

        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        defer { pthread_attr_destroy(&attributes) }
        var thread = pthread_t()
        let created = pthread_create(
            &thread, &attributes,
            { context in
                // The signals of the process are for other threads.
                var all = sigset_t()
                sigfillset(&all)
                pthread_sigmask(SIG_SETMASK, &all, nil)
                cprocess_name_thread("hf-processes")
                Unmanaged<ProcessThread>.fromOpaque(context!).takeRetainedValue().run()
            }, Unmanaged.passRetained(self).toOpaque())
        precondition(created == 0, "no thread could be created to start processes from")
    }

    /// Runs `body` on the thread; it must not block for long.
    func perform<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            submit { continuation.resume(returning: body()) }
        }
    }

    private func submit(_ request: @escaping @Sendable () -> Void) {
        state.withLock { $0.requests.append(request) }
        cprocess_wakeup_signal(wakeUp)
    }

    /// Calls `handler` once on the thread when `descriptor` seems ready; it must look whether it is. The descriptor
    /// must stay open until then, or until `forget` was called.
    func whenReady(_ descriptor: Int32, toWrite: Bool = false, _ handler: @escaping @Sendable () -> Void) {
        state.withLock { $0.handlers[descriptor] = handler }
        if cprocess_events_watch(events, descriptor, toWrite) == 0 { return }
        // What epoll does not take (a regular file) is always ready.
        let handler = state.withLock { $0.handlers.removeValue(forKey: descriptor) }
        if let handler { submit(handler) }
    }

    /// Stops watching a descriptor that is about to be closed.
    func forget(_ descriptor: Int32) {
        cprocess_events_forget(events, descriptor)
        _ = state.withLock { $0.handlers.removeValue(forKey: descriptor) }
    }

    private func run() -> Never {
        var ready = [Int32](repeating: -1, count: 64)
        while true {
            let count = cprocess_events_wait(events, &ready, Int32(ready.count))
            precondition(count >= 0, "epoll_wait failed: \(ProcessError.text(-count))")
            for descriptor in ready[..<Int(count)] {
                if descriptor == wakeUp {
                    runRequests()
                } else {
                    state.withLock { $0.handlers.removeValue(forKey: descriptor) }?()
                }
            }
        }
    }

    private func runRequests() {
        cprocess_wakeup_consume(wakeUp)
        let requests: [@Sendable () -> Void] = state.withLock { state in
            defer { state.requests = [] }
            return state.requests
        }
        for request in requests { request() }
    }
}
