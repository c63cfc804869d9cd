import HoldfastHistory
import HoldfastProcess
import HoldfastRuntime

/// Reads a counter, adds one and writes it back under another library's lock, as ``RegisterWork`` does under ours.
struct AdapterWork {
    private(set) var process: AdapterProcess
    private let name: String
    /// Whether the adapter has said that its library issues fencing tokens.
    private let issuesTokens: Bool
    private let settings: WorkerSettings
    private let orders: ChaosOrders
    private let history: HistoryWriter
    private let runtime: any Runtime

    init(
        _ name: String, issuesTokens: Bool, _ settings: WorkerSettings, _ process: AdapterProcess,
        _ orders: ChaosOrders, _ history: HistoryWriter, _ runtime: any Runtime
    ) {
        self.name = name
        self.issuesTokens = issuesTokens
        self.settings = settings
        self.process = process
        self.orders = orders
        self.history = history
        self.runtime = runtime
    }

    private struct Tenure {
        var lock: String
        /// The fencing token; of a library that issues none the moment of the grant, which names the tenure.
        var number: Int64
        var token: Int64?
        var lease: String?
    }

    /// Takes the lock of a counter, adds one, and gives the lock back.
    /// - Returns: False when the lock was not granted or something else was refused.
    /// - Throws: ``AdapterProcess/Broken``.
    mutating func increment() async throws -> Bool {
        let counter = RegisterWork.counter(Int(runtime.randomBits() % UInt64(settings.keys)) + 1)
        let tenure: Tenure
        do { tenure = try await acquire(settings.lockPrefix + counter) } catch is AdapterReply.Failure {
            try? await runtime.sleep(for: .milliseconds(10) + runtime.jitter(upTo: .milliseconds(60)))
            return false
        }
        var isDone = true
        do { try await increment(settings.registerPrefix + counter, under: tenure) } catch is AdapterReply.Failure {
            isDone = false
        }
        try await release(tenure)
        return isDone
    }

    // MARK: - Locks

    private mutating func acquire(_ lock: String) async throws -> Tenure {
        let operation = history.begin(HistoryFunction.acquire, [.text(lock), .null])
        let began = runtime.now
        do {
            var request = AdapterRequest(.acquire)
            (request.lock, request.ttl) = (lock, settings.lockTTL)
            let answer = try await process.ask(request)
            let tenure = Tenure(
                lock: lock, number: answer.token ?? runtime.now.nanoseconds, token: answer.token, lease: answer.lease)
            let until = try self.until(answer, began)
            history.end(operation, .ok, [.text(lock), .number(tenure.number)], until: until)
            return tenure
        } catch {
            // Whoever was not told that he holds it does not believe so.
            history.end(operation, .fail, error: "\(error)")
            throw error
        }
    }

    /// Until when the holder believes in his lease. What cannot be is no verdict, neither for nor against the library.
    private func until(_ answer: AdapterReply.Answer, _ began: Instant) throws -> Instant {
        if issuesTokens, answer.token == nil {
            throw AdapterProcess.Broken(description: "the adapter says that it issues tokens, and granted without one")
        }
        let lease = Duration.milliseconds(settings.lockTTL)
        guard let until = answer.until.map(Instant.init(nanoseconds:)) else { return began.advanced(by: lease) }
        guard until >= began, until <= runtime.now.advanced(by: lease * 6 / 5) else {
            throw AdapterProcess.Broken(
                description: "until_ns \(until.nanoseconds) is no moment of this lease: it is CLOCK_BOOTTIME in ns, "
                    + "which was \(began.nanoseconds) when the lock was asked for")
        }
        return until
    }

    private mutating func release(_ tenure: Tenure) async throws {
        let value: HistoryValue = [.text(tenure.lock), .number(tenure.number)]
        let operation = history.begin(HistoryFunction.release, value)
        do {
            var request = AdapterRequest(.release)
            (request.lock, request.lease) = (tenure.lock, tenure.lease)
            _ = try await process.ask(request)
            history.end(operation, .ok)
        } catch let failure as AdapterReply.Failure {
            // The tenure has ended with the question, whatever the answer is.
            history.end(operation, .fail, error: "\(failure)")
        } catch {
            history.end(operation, .info, error: "\(error)")
            throw error
        }
    }

    // MARK: - One increment

    private mutating func increment(_ register: String, under tenure: Tenure) async throws {
        let increment = history.begin(HistoryFunction.increment, [.text(register), .null], token: tenure.token)
        let found: Int64?
        do { found = try await read(register, tenure.token) } catch {
            // Nothing was written.
            history.end(increment, .fail, error: "\(error)")
            throw error
        }
        reach(Points.raised)
        let next = (found ?? 0) + 1
        do { try await write(next, register, tenure.token) } catch {
            history.end(increment, Self.isRefusal(error) ? .fail : .info, error: "\(error)")
            throw error
        }
        history.end(increment, .ok, [.text(register), .number(next)])
        reach(Points.written)
    }

    private mutating func read(_ register: String, _ token: Int64?) async throws -> Int64? {
        let f = token == nil ? HistoryFunction.read : HistoryFunction.raise
        let operation = history.begin(f, [.text(register), .null], token: token)
        do {
            var request = AdapterRequest(.read)
            (request.register, request.token) = (register, token)
            let value = try await process.ask(request).value
            history.end(operation, .ok, [.text(register), .optional(value)])
            return value
        } catch {
            history.end(operation, Self.isRefusal(error) ? .fail : .info, error: "\(error)")
            throw error
        }
    }

    private mutating func write(_ value: Int64, _ register: String, _ token: Int64?) async throws {
        let operation = history.begin(HistoryFunction.write, [.text(register), .number(value)], token: token)
        do {
            var request = AdapterRequest(.write)
            (request.register, request.value, request.token) = (register, value, token)
            _ = try await process.ask(request)
            history.end(operation, .ok)
        } catch {
            history.end(operation, Self.isRefusal(error) ? .fail : .info, error: "\(error)")
            throw error
        }
    }

    /// Whether it certainly did not happen.
    private static func isRefusal(_ error: any Error) -> Bool {
        guard let failure = error as? AdapterReply.Failure else { return false }
        return failure.kind == .stale || failure.kind == .invalid
    }

    /// Obeys an order for this point. The library's process stands still first, so that no thread of it renews a lease
    /// behind the back of a client that is paused.
    private func reach(_ point: String) {
        guard orders.isPending(for: name, at: point) else { return }
        process.process.killGroup(.stop)
        orders.obey(as: name, at: point)
        process.process.killGroup(.resume)
    }
}
