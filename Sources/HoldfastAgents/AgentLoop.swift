/// The loop of a run as a state machine: events in, actions out, no effects.
///
/// `start`, then each action is answered by its event: `ask` by `answered`, `call` by `called`, until `stop`.
struct AgentLoop: Sendable {
    enum Action: Sendable {
        case ask
        /// Batches one after the other; the calls of one batch may run at the same time.
        case call([[PlannedCall]])
        case stop(StopReason)
    }

    /// A call that was found in order.
    struct PlannedCall: Sendable {
        let call: ToolCall
        let tool: AnyTool
        let arguments: JSONValue
        let context: ToolContext
    }

    /// A call that was refused before it ran.
    struct Refusal: Sendable {
        let call: ToolCall
        let context: ToolContext
        let message: String
    }

    private enum Phase { case idle, asking, calling, stopped }

    let runID: String
    let tools: ToolSet
    let limits: AgentLimits
    private(set) var messages: [Message]
    private(set) var steps: [AgentStep] = []
    private(set) var usage = TokenUsage()
    /// The refusals of the newest answer.
    private(set) var refusals: [Refusal] = []
    private var phase = Phase.idle
    private var callCount = 0
    private var failedTurns = 0

    init(runID: String, messages: [Message], tools: ToolSet, limits: AgentLimits) {
        self.runID = runID
        self.messages = messages
        self.tools = tools
        self.limits = limits
    }

    var turn: Int { steps.count + 1 }

    mutating func start() -> Action {
        precondition(phase == .idle, "a loop starts once")
        return nextTurn()
    }

    mutating func answered(_ response: ModelResponse) -> Action {
        precondition(phase == .asking, "an answer came that was not asked for")
        let step = turn
        usage += response.usage
        messages.append(.assistant(text: response.text, calls: response.calls))
        let keys = response.calls.indices.map { ToolContext(runID: runID, step: step, index: $0).idempotencyKey }
        let calls = zip(response.calls, keys).map {
            AgentStep.Call(call: $0, idempotencyKey: $1, outcome: .notCalled)
        }
        steps.append(AgentStep(number: step, response: response, calls: calls))
        refusals = []
        switch response.finishReason {
        // A call cut in the middle must not run.
        case .length, .contentFilter: return stop(.answerIncomplete(response.finishReason))
        case .stop, .toolCalls, .other: break
        }
        if response.calls.isEmpty { return stop(.completed) }
        callCount += response.calls.count
        if callCount > limits.toolCalls { return stop(.toolCallLimit(limits.toolCalls)) }
        let planned = plan(response.calls, step)
        phase = .calling
        return planned.isEmpty ? called([:]) : .call(batches(planned))
    }

    /// The outcomes of the calls that were made, by their index.
    mutating func called(_ outcomes: [Int: ToolOutcome]) -> Action {
        precondition(phase == .calling, "outcomes came of calls that were not asked for")
        var end: StopReason?
        var succeeded = false
        for (index, call) in steps[steps.count - 1].calls.enumerated() {
            if let outcome = outcomes[index] { steps[steps.count - 1].calls[index].outcome = outcome.recorded }
            switch steps[steps.count - 1].calls[index].outcome {
            case .succeeded(let value):
                succeeded = true
                messages.append(.tool(callID: call.call.id, content: cut(value.string ?? value.text)))
            case .failed(let message): messages.append(.tool(callID: call.call.id, content: cut("Error: " + message)))
            case .unknown(let message):
                let needsHuman = outcomes[index]?.needsHuman ?? false
                end = end ?? (needsHuman ? .needsHuman(call.call, message) : .outcomeUnknown(call.call, message))
            case .notCalled: break
            }
        }
        if let end { return stop(end) }
        failedTurns = succeeded ? 0 : failedTurns + 1
        return failedTurns > limits.corrections ? stop(.correctionLimit(limits.corrections)) : nextTurn()
    }

    private mutating func nextTurn() -> Action {
        if steps.count >= limits.turns { return stop(.turnLimit(limits.turns)) }
        phase = .asking
        return .ask
    }

    private mutating func stop(_ reason: StopReason) -> Action {
        phase = .stopped
        return .stop(reason)
    }

    /// Finds tools and checks arguments; what does not fit becomes a failed call that the model can correct.
    private mutating func plan(_ calls: [ToolCall], _ step: Int) -> [PlannedCall] {
        var planned: [PlannedCall] = []
        for (index, call) in calls.enumerated() {
            let context = ToolContext(runID: runID, step: step, index: index)
            do {
                let (tool, arguments) = try resolve(call)
                planned.append(PlannedCall(call: call, tool: tool, arguments: arguments, context: context))
            } catch {
                steps[steps.count - 1].calls[index].outcome = .failed(error.message)
                refusals.append(Refusal(call: call, context: context, message: error.message))
            }
        }
        return planned
    }

    private func resolve(_ call: ToolCall) throws(ToolError) -> (AnyTool, JSONValue) {
        guard let tool = tools[call.tool] else {
            let names = tools.tools.map(\.name).joined(separator: ", ")
            throw .refused("there is no tool named \(call.tool); the tools are: \(names.isEmpty ? "none" : names)")
        }
        do {
            let text = call.arguments.allSatisfy(\.isWhitespace) ? "{}" : call.arguments
            return (tool, try tool.parameters.checked(try JSONValue(text: text)))
        } catch let error as JSONValue.NotJSON {
            throw .refused("the arguments of \(call.tool) are \(error)")
        } catch {
            throw .refused("the arguments of \(call.tool) are wrong: \(error)")
        }
    }

    /// Neighbours that may run at the same time share a batch; every other call has its own. The order that the model
    /// wrote holds between batches.
    private func batches(_ planned: [PlannedCall]) -> [[PlannedCall]] {
        var batches: [[PlannedCall]] = []
        for call in planned {
            if call.tool.effect.isConcurrent, let last = batches.last?.last, last.tool.effect.isConcurrent {
                batches[batches.count - 1].append(call)
            } else {
                batches.append([call])
            }
        }
        return batches
    }

    private func cut(_ text: String) -> String {
        if text.utf8.count <= limits.resultBytes { return text }
        let kept = String(decoding: text.utf8.prefix(limits.resultBytes), as: UTF8.self)
        return kept + "\n[cut: \(text.utf8.count) bytes in all]"
    }
}
