internal import HoldfastRuntime

/// Makes the calls of one turn: in batches, each call within its time limit, repeated where its effect allows.
struct ToolRunner: Sendable {
    let runtime: any Runtime
    let limits: AgentLimits
    let deadline: Instant
    let observe: @Sendable (AgentEvent) -> Void

    private static let backoff = RetryPolicy(base: .milliseconds(100), longest: .seconds(5))

    /// Calls after one whose outcome is unknown, or after the end of the run's time, are not made.
    func run(_ batches: [[AgentLoop.PlannedCall]]) async -> [Int: ToolOutcome] {
        var outcomes: [Int: ToolOutcome] = [:]
        for batch in batches {
            if Task.isCancelled || runtime.now >= deadline { break }
            await withTaskGroup(of: (Int, ToolOutcome).self) { group in
                for (place, call) in batch.enumerated() {
                    if place >= max(1, limits.parallelCalls), let (index, outcome) = await group.next() {
                        outcomes[index] = outcome
                    }
                    group.addTask { (call.context.index, await run(call)) }
                }
                for await (index, outcome) in group { outcomes[index] = outcome }
            }
            if outcomes.values.contains(where: \.isUnknown) { break }
        }
        return outcomes
    }

    private func run(_ planned: AgentLoop.PlannedCall) async -> ToolOutcome {
        var attempt = 1
        while true {
            let context = ToolContext(
                runID: planned.context.runID, step: planned.context.step, index: planned.context.index,
                attempt: attempt)
            observe(.toolCalled(planned.call, context))
            let outcome = await once(planned, context)
            switch outcome {
            case .succeeded(let value): observe(.toolSucceeded(planned.call, context, value))
            case .failed(let message): observe(.toolFailed(planned.call, context, message: message))
            case .unknown(let message, _): observe(.toolOutcomeUnknown(planned.call, context, message: message))
            }
            guard outcome.isUnknown, planned.tool.effect.isRepeatable, attempt < limits.attempts, !Task.isCancelled,
                runtime.now < deadline
            else { return outcome }
            let pause = Self.backoff.pause(after: attempt, runtime: runtime)
            do { try await runtime.sleep(for: pause) } catch { return outcome }
            attempt += 1
        }
    }

    private func once(_ planned: AgentLoop.PlannedCall, _ context: ToolContext) async -> ToolOutcome {
        let tool = planned.tool
        await runtime.reach(AgentPoint.decided)
        let limit = min(runtime.now.advanced(by: tool.timeLimit), deadline)
        let raced = await runtime.race(until: limit) { () async -> Result<JSONValue, any Error> in
            do { return .success(try await tool.call(planned.arguments, context: context)) } catch {
                return .failure(error)
            }
        }
        await runtime.reach(AgentPoint.effected)
        switch raced.value {
        case .success(let value): return .succeeded(value)
        case .failure(let error as ToolError) where error.outcome == .notApplied: return .failed(error.description)
        case .failure(let error):
            let message = raced.isLate ? "no answer within \(tool.timeLimit)" : "\(error)"
            // Of a pure tool nothing is unknown: it has no effect.
            if tool.effect == .pure { return .failed(message) }
            return .unknown(message, needsHuman: tool.effect == .unprotected(onUnknown: .askHuman))
        }
    }
}
