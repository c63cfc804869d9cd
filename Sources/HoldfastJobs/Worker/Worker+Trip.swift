import HoldfastRedis
import HoldfastRuntime
import Synchronization

extension Worker {
    /// One round trip: records the outcomes, then takes up to `count` jobs, which are the `arrivals`.
    /// - Returns: the first failure. Outcomes that were not answered travel again.
    func travel(
        _ completions: [Completion], take count: Int, _ arrivals: inout [Execution], _ isCertain: inout Bool
    ) async -> RedisError? {
        let runtime = client.runtime
        let takes = count > 0
        if takes && !isCertain {
            do {
                try await reconcile()
                isCertain = true
            } catch {
                putBack(completions, after: error)
                return error
            }
        }
        var calls: [(script: RedisScript, arguments: [RedisArgument])] = []
        let completion = CompletionCall(completions)
        if !completions.isEmpty {
            calls.append((JobScripts.complete, [prefix, RedisArgument(name)] + completion.arguments))
        }
        let digits = takes ? runtime.randomHex(bytes: 12) : ""
        if takes { calls.append((JobScripts.take, takeArguments(count, digits))) }
        let sent = runtime.now
        if takes { isCertain = false }
        var outcomes = await call(calls)
        var failure: RedisError?
        if !completions.isEmpty {
            switch outcomes.removeFirst() {
            case .success(let reply): failure = judge(completion, reply)
            case .failure(let error):
                failure = error
                putBack(completions, after: error)
            }
        }
        if takes {
            do {
                arrivals = try admit(try outcomes.removeFirst().get(), digits, wanted: count, sent)
                isCertain = true
            } catch {
                // What the server answered with an error took nothing, or left it to be reconciled.
                failure = failure ?? error
            }
        }
        let span = sent.duration(to: runtime.now)
        state.withLock {
            $0.roster.pace.travelled(span, completed: completions.count, concurrency: configuration.concurrency)
        }
        return failure
    }

    /// Sends the calls in one flush. A server that does not know a script gets its source.
    private func call(
        _ calls: [(script: RedisScript, arguments: [RedisArgument])]
    ) async -> [Result<RedisReply, RedisError>] {
        var outcomes: [Result<RedisReply, RedisError>]
        do {
            outcomes = try await client.pipeline(calls.map { $0.script.command(keys: [], arguments: $0.arguments) })
        } catch {
            return calls.map { _ in .failure(error) }
        }
        for (index, call) in calls.enumerated() {
            guard case .failure(let error) = outcomes[index], error.serverPrefix == "NOSCRIPT" else { continue }
            do {
                outcomes[index] = .success(try await client.run(call.script, keys: [], arguments: call.arguments))
            } catch {
                outcomes[index] = .failure(error)
            }
        }
        return outcomes
    }

    /// Tells that handlers of executions which were deleted or stopped have ended, for whose sake their jobs keep the
    /// places of their limits. What is not heard comes about when the leases would have ended.
    func giveUp(_ parted: [Execution]) async {
        let commands = parted.map { execution in
            RedisCommand("ZREM", RedisArgument(keys.executions(execution.job)), RedisArgument(execution.id))
        }
        _ = try? await client.pipeline(commands)
    }

    // MARK: - Taking

    /// So many takes in a row may find nothing but trouble (a server out of memory, a key of another type) until the
    /// queues count as empty, for a worker that ends with them.
    private static let patience = 10

    private func takeArguments(_ count: Int, _ digits: String) -> [RedisArgument] {
        let order = state.withLock { $0.rotation.next(client.runtime) }
        return [
            prefix, RedisArgument(name), RedisArgument(configuration.lease.milliseconds),
            RedisArgument(WorkerConfiguration.margin), RedisArgument(count), RedisArgument(digits),
            RedisArgument(Execution.Terms.usualTimeout), RedisArgument(Execution.Terms.usualKeep),
        ] + argument(list: ownQueues + order)
    }

    /// Takes in what the take script gave. Fewer jobs than wanted mean that the queues are empty, or suspended, unless
    /// it says that more are left or that a queue cannot be used.
    private func admit(
        _ reply: RedisReply, _ digits: String, wanted: Int, _ sent: Instant
    ) throws(RedisError) -> [Execution] {
        guard let reply = TakeReply(reply, digits: digits, sentAt: sent, lease: configuration.lease) else {
            throw RedisError(.unexpectedReply, .answered, "the take script answered \(reply)", server: client.server)
        }
        let taken = reply.executions
        let trouble = error(trouble: reply.trouble)
        let now = client.runtime.now
        let areEmpty = state.withLock { state in
            state.roster.admit(taken, now)
            state.vainTakes = trouble == nil || !taken.isEmpty ? 0 : state.vainTakes + 1
            let areEmpty =
                taken.count < wanted && !reply.isCut
                && (state.vainTakes == 0 || state.vainTakes >= Self.patience)
            if areEmpty { state.roster.queuesAreEmpty = true }
            return areEmpty
        }
        if reply.skipped > 0 { note(.skipped(count: reply.skipped)) }
        // An entry that came after the script ran is there when the watcher asks: no wake-up is lost.
        // A queue that is paused, and each under `rq suspend`, may be full: at those only the tick of the maintenance
        // looks again.
        if areEmpty && reply.closed != ["*"] {
            for watcher in watchers where !reply.closed.contains(watcher.queue.text[...]) { watcher.arm() }
        }
        if let trouble {
            // Queues that can be used are served on; with none, it is a failure of the take.
            if taken.isEmpty { throw trouble }
            note(.troubled(trouble))
        }
        return taken
    }

    func reconcile() async throws(RedisError) {
        let known = state.withLock { $0.roster.known }
        let reply = try await client.run(
            JobScripts.reconcile, keys: [],
            arguments: [prefix, RedisArgument(name), RedisArgument(instance), RedisArgument(served.count)]
                + argument(list: served)
                + known.map { RedisArgument($0) },
            idempotent: true)
        tell(trouble: reply.array?.first)
    }

    // MARK: - Recording

    /// Tells what became of each outcome.
    private func judge(_ call: CompletionCall, _ reply: RedisReply) -> RedisError? {
        guard let answer = call.read(reply) else {
            // Not ours: nothing is known, and a repeat is recognised.
            state.withLock { $0.roster.resend(call.completions) }
            return RedisError(
                .unexpectedReply, .answered, "the completion answered \(reply)", server: client.server)
        }
        for (completion, verdict) in zip(call.completions, answer.verdicts) { report(completion, verdict) }
        let now = client.runtime.now
        state.withLock { state in
            for completion in call.completions { state.roster.settle(completion.execution, now) }
        }
        return error(trouble: answer.trouble)
    }

    private func report(_ completion: Completion, _ verdict: String) {
        if completion.isTold { return }
        var info = completion.execution.info
        if case .unfinished(begun: false) = completion.outcome {} else { info.ran = completion.span }
        switch (verdict, completion.outcome) {
        case ("stopped", _): note(.jobStopped(info))
        case ("finished", _), ("repeated", .success): note(.finished(info))
        case ("repeated", .failure(let reason, _)), ("repeated", .later(let reason, _, _)):
            note(.failed(info, reason: reason, next: .failed))
        case (let text, .failure(let reason, _)), (let text, .later(let reason, _, _)):
            if let next = WorkerEvent.AfterFailure(rawValue: text) {
                note(.failed(info, reason: reason, next: next))
            } else {
                note(.staleCompletionRefused(info))
            }
        // Also when somebody else has it already, as was wanted.
        case (_, .unfinished): note(.returned(info))
        case ("failed", .success): note(.failed(info, reason: JobScripts.unrecordable, next: .failed))
        default: note(.staleCompletionRefused(info))
        }
    }

    /// Outcomes travel again until the server answers, for two leases and at least half a minute: after that others
    /// have repaired their executions, or nobody can reach the server.
    private func putBack(_ completions: [Completion], after error: RedisError) {
        let now = client.runtime.now
        let patience = max(configuration.lease * 2, .seconds(30))
        let isLate = { (completion: Completion) in completion.endedAt.advanced(by: patience) <= now }
        let dropped = completions.filter { error.code == .closed || isLate($0) }
        state.withLock { state in
            for completion in dropped { state.roster.settle(completion.execution, now) }
            state.roster.resend(completions.filter { error.code != .closed && !isLate($0) })
        }
        for completion in dropped where !completion.isTold { note(.outcomeDropped(completion.execution.info, error)) }
    }
}
