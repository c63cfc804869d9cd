import HoldfastRedis
import HoldfastRuntime
import Logging
import Synchronization

extension Worker {
    /// Runs one handler after the other, until there is none to run or one of them was interrupted.
    func serve(_ runner: Runner, _ first: Execution) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                var current: Execution? = first
                while let execution = current {
                    current = self.conclude(execution, await self.callHandler(execution))
                }
            }
            group.addTask { _ = await runner.interrupted.value() }
            await group.next()
            group.cancelAll()
        }
    }

    private func conclude(_ execution: Execution, _ outcome: Outcome) -> Execution? {
        let now = client.runtime.now
        let (next, news, alarmed) = state.withLock { $0.roster.conclude(execution, outcome, now) }
        if news { bell.ring() }
        if alarmed { alarm.ring() }
        return next
    }

    private func callHandler(_ execution: Execution) async -> Outcome {
        do {
            let payload = try JobPayload(field: execution.data)
            let function = try payload.function()
            let body = try handlers.body(for: function)
            var logger = self.logger
            for (key, value) in execution.info.metadata { logger[metadataKey: key] = value }
            let board = MetaBoard(address: execution.address)
            let context = JobContext(
                jobID: execution.job, queue: execution.queue, function: function, executionID: execution.id,
                workerName: name, attempt: execution.attempt, token: execution.token, crashes: execution.crashes,
                logger: logger, runtime: client.runtime,
                deadline: execution.timeout.map { client.runtime.now.advanced(by: $0) }, lease: execution.lease,
                client: client, keys: keys, locks: handlers.locks, board: board, pump: meta)
            let result: Result<[UInt8]?, any Error>
            do {
                result = .success(try await traced(execution, function) { try await body(payload, context) })
            } catch {
                result = .failure(error)
            }
            await meta.flush(board)
            return .success(try result.get())
        } catch let error as RetryLater {
            return .later(reason: error.description, pause: error.pause, maximum: error.maximum)
        } catch let error as PermanentFailure {
            return .failure(reason: error.description, retry: .never)
        } catch let error as JobsError where [.pickled, .unreadable, .tooLarge].contains(error.code) {
            return .failure(reason: error.message, retry: .never)
        } catch {
            return .failure(reason: "\(type(of: error)): \(error)", retry: .policy)
        }
    }

    /// Tells an execution to stop.
    /// - Returns: whether it had not ended, nor been told to before.
    @discardableResult
    func interrupt(_ execution: Execution, _ reason: Execution.Interruption) -> Bool {
        let now = client.runtime.now
        let interrupted = state.withLock { $0.roster.interrupt(execution, reason, now) }
        guard let interrupted else { return false }
        interrupted.runner?.interrupted.give(())
        if let event = interrupted.event { note(event) }
        bell.ring()
        alarm.ring()
        return true
    }

    /// Does what time brings about: ends of leases that could not be renewed, of the jobs' timeouts, and of the
    /// patience with handlers that do not stop. All on this machine's clock.
    func keepTime() async {
        let runtime = client.runtime
        while !Task.isCancelled {
            let now = runtime.now
            let (due, next) = state.withLock { ($0.roster.due(now), $0.roster.alarm) }
            for event in due {
                switch event {
                case .interruption(let execution, let reason): interrupt(execution, reason)
                case .patience(let execution):
                    state.withLock { $0.roster.abandon(execution, now) }
                    bell.ring()
                }
            }
            if due.isEmpty { await alarm.wait(until: next, runtime) }
        }
    }
}
