import HoldfastRedis
import HoldfastRuntime
import Logging
import Synchronization

extension Worker {
    /// How a handler ended.
    enum Outcome: Sendable {
        case success([UInt8]?)
        case failure(reason: String, mayRetry: Bool)
    }

    private enum Happening: Sendable {
        case ended(Outcome)
        case interrupted(Execution.Interruption)
        case unwindingOver
        case nothing
    }

    /// Runs one claimed job to its end, whatever that is.
    func execute(_ execution: Execution) async {
        let cancelHandler = OneShot<Void>()
        await withTaskGroup(of: Happening.self) { group in
            group.addTask { .ended(await self.runHandler(execution, until: cancelHandler)) }
            group.addTask { await execution.interruption.value().map { .interrupted($0) } ?? .nothing }
            group.addTask { await self.watchLease(of: execution) }
            if let timeout = execution.timeout {
                group.addTask { await self.sleep(timeout, then: .interrupted(.timedOut)) }
            }
            var verdict: Execution.Interruption?
            for await happening in group {
                switch happening {
                case .nothing: continue
                case .ended(let outcome):
                    // With the whole worker cancelled, nobody knows whether the handler ended or gave up.
                    if verdict == nil && !Task.isCancelled {
                        await report(outcome, of: execution)
                    } else if verdict == nil || verdict == .stopping || verdict == .leaseExpired {
                        await giveBack(execution)
                    }
                    group.cancelAll()
                    verdict = verdict ?? .leaseLost
                case .interrupted(let reason) where verdict == nil:
                    verdict = reason
                    cancelHandler.give(())
                    switch reason {
                    case .leaseLost, .leaseExpired:
                        state.withLock { $0.roster.abandon(execution) }
                        note(.leaseLost(execution.info))
                    case .timedOut:
                        // Recorded now: a handler that does not listen must not keep its job from failing.
                        let limit = execution.timeout.map { "\($0.seconds) s" } ?? "its timeout"
                        await report(
                            .failure(reason: "the job took longer than \(limit)", mayRetry: true), of: execution)
                        state.withLock { $0.roster.abandon(execution) }
                    case .stopped:
                        state.withLock { $0.roster.abandon(execution) }
                        note(.jobStopped(execution.info))
                    case .killed:
                        await report(
                            .failure(reason: "the execution was killed on request (kill-horse)", mayRetry: true),
                            of: execution)
                        state.withLock { $0.roster.abandon(execution) }
                    case .stopping:
                        group.addTask { await self.sleep(self.configuration.unwinding, then: .unwindingOver) }
                    }
                case .unwindingOver where verdict == .stopping:
                    await giveBack(execution)
                    state.withLock { $0.roster.abandon(execution) }
                    verdict = .leaseLost
                case .interrupted, .unwindingOver: continue
                }
            }
        }
        state.withLock { $0.roster.leave(execution) }
        bell.ring()
    }

    private func sleep(_ span: Duration, then happening: Happening) async -> Happening {
        do {
            try await client.runtime.sleep(for: span)
            return happening
        } catch {
            return .nothing
        }
    }

    /// Notices the end of a lease that could not be renewed, on this machine's clock.
    private func watchLease(of execution: Execution) async -> Happening {
        while true {
            let deadline = execution.lease.deadline
            do { try await client.runtime.sleep(until: deadline) } catch { return .nothing }
            if execution.lease.deadline <= deadline { return .interrupted(.leaseExpired) }
        }
    }

    /// Runs the handler; it is cancelled when `end` is given, and its outcome is awaited in any case.
    private func runHandler(_ execution: Execution, until end: OneShot<Void>) async -> Outcome {
        await withTaskGroup(of: Outcome?.self) { group in
            group.addTask { await self.callHandler(execution) }
            group.addTask {
                _ = await end.value()
                return nil
            }
            for await outcome in group {
                group.cancelAll()
                if let outcome { return outcome }
            }
            preconditionFailure("a handler has an outcome")
        }
    }

    private func callHandler(_ execution: Execution) async -> Outcome {
        do {
            let payload = try JobPayload(field: execution.data)
            let function = try payload.function()
            let body = try handlers.body(for: function)
            var logger = self.logger
            for (key, value) in execution.info.metadata { logger[metadataKey: key] = value }
            let context = JobContext(
                jobID: execution.job, queue: execution.queue, function: function, executionID: execution.id,
                workerName: name, attempt: execution.attempt, token: execution.token, crashes: execution.crashes,
                logger: logger, runtime: client.runtime,
                deadline: execution.timeout.map { client.runtime.now.advanced(by: $0) }, lease: execution.lease)
            return .success(try await traced(execution, function) { try await body(payload, context) })
        } catch let error as PermanentFailure {
            return .failure(reason: error.description, mayRetry: false)
        } catch let error as JobsError where [.pickled, .unreadable, .tooLarge].contains(error.code) {
            return .failure(reason: error.message, mayRetry: false)
        } catch {
            return .failure(reason: "\(type(of: error)): \(error)", mayRetry: true)
        }
    }
}
