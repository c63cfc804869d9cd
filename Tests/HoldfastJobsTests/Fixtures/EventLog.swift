import HoldfastRuntime
import Synchronization

@testable import HoldfastJobs

/// Collects a worker's events, and lets a test await one.
typealias EventLog = Log<WorkerEvent>

final class Log<Event: Sendable>: Sendable {
    private struct Waiter {
        var condition: @Sendable ([Event]) -> Bool
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var events: [Event] = []
        var waiters: [Int: Waiter] = [:]
        var cancelled: Set<Int> = []
        var next = 0
    }

    private let state = Mutex(State())

    var events: [Event] { state.withLock { $0.events } }

    @Sendable func observe(_ event: Event) {
        let ready = state.withLock { state in
            state.events.append(event)
            let ready = state.waiters.filter { $0.value.condition(state.events) }
            for id in ready.keys { state.waiters[id] = nil }
            return ready.values.map(\.continuation)
        }
        for continuation in ready { continuation.resume() }
    }

    /// Returns once `condition` holds for the events so far, or the task is cancelled: a test's time limit does no more
    /// than that, and a wait that did not listen would hold up all tests behind it.
    func wait(until condition: @escaping @Sendable ([Event]) -> Bool) async {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if condition(state.events) || state.cancelled.contains(id) { return true }
                    state.waiters[id] = Waiter(condition: condition, continuation: continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.cancelled.insert(id)
                return state.waiters.removeValue(forKey: id)
            }
            waiter?.continuation.resume()
        }
    }

    func wait(for event: @escaping @Sendable (Event) -> Bool, count: Int = 1) async {
        await wait { $0.filter(event).count >= count }
    }
}

/// A gate that handlers wait at until a test opens it.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [Int: CheckedContinuation<Bool, Never>] = [:]
        var cancelled: Set<Int> = []
        var next = 0
        var observers: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    func open() {
        let (waiting, observers) = state.withLock { state in
            state.isOpen = true
            defer {
                state.waiting = [:]
                state.observers = []
            }
            return (Array(state.waiting.values), state.observers)
        }
        for continuation in waiting { continuation.resume(returning: true) }
        for observer in observers { observer() }
    }

    fileprivate func observe(_ body: @escaping @Sendable () -> Void) {
        let isOpen = state.withLock { state in
            if !state.isOpen { state.observers.append(body) }
            return state.isOpen
        }
        if isOpen { body() }
    }

    /// - Throws: `CancellationError` when the task is cancelled before the gate opens.
    func pass() async throws {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        let passed = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let verdict = state.withLock { state -> Bool? in
                    if state.isOpen { return true }
                    if state.cancelled.contains(id) { return false }
                    state.waiting[id] = continuation
                    return nil
                }
                if let verdict { continuation.resume(returning: verdict) }
            }
        } onCancel: {
            let waiting = state.withLock { state in
                state.cancelled.insert(id)
                return state.waiting.removeValue(forKey: id)
            }
            waiting?.resume(returning: false)
        }
        if !passed { throw CancellationError() }
    }
}

extension Gate {
    /// Calls `body` when the gate opens, for those that do not listen to cancellation.
    func whenOpen(_ body: @escaping @Sendable () -> Void) { observe(body) }
}
