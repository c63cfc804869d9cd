import HoldfastAgents

/// What `holdfast agent run` prints of a run, event by event.
struct AgentReport: Sendable {
    enum Form { case steps, answer, json }

    private let form: Form

    init(_ form: Form) { self.form = form }

    /// Nil when there is nothing to say.
    func line(_ event: AgentEvent) -> String? {
        switch (form, event) {
        case (.steps, _): text(event)
        case (.answer, .finished(let result)): result.text
        case (.answer, _): nil
        case (.json, _): json(event).text
        }
    }

    private func text(_ event: AgentEvent) -> String? {
        switch event {
        case .modelAsked: nil
        case .modelAnswered(let turn, let response):
            // The last answer is printed with the result.
            response.calls.isEmpty ? nil : response.text.map { "\(turn)   model    \($0)" }
        case .toolCalled(let call, let context):
            "\(place(context)) call     \(call.tool) \(call.arguments)\(attempt(context))"
        case .toolSucceeded(let call, let context, let value): "\(place(context)) ok       \(call.tool) \(value.text)"
        case .toolFailed(let call, let context, let message): "\(place(context)) failed   \(call.tool): \(message)"
        case .toolOutcomeUnknown(let call, let context, let message):
            "\(place(context)) unknown  \(call.tool): \(message)"
        case .finished(let result): summary(result)
        }
    }

    private func place(_ context: ToolContext) -> String { "\(context.step).\(context.index)" }

    private func attempt(_ context: ToolContext) -> String {
        context.attempt == 1 ? "" : " (try \(context.attempt), same key)"
    }

    private func summary(_ result: AgentResult) -> String {
        let calls = result.steps.reduce(0) { $0 + $1.calls.count }
        let counts = "Run \(result.runID): \(result.steps.count) turns, \(calls) tool calls."
        // Why a run stopped short is the command's complaint.
        return result.isComplete ? "\(result.text ?? "")\n\(counts)" : counts
    }

    private func json(_ event: AgentEvent) -> JSONValue {
        switch event {
        case .modelAsked(let turn, let messages):
            ["event": "model_asked", "turn": .integer(Int64(turn)), "messages": .integer(Int64(messages))]
        case .modelAnswered(let turn, let response):
            [
                "event": "model_answered", "turn": .integer(Int64(turn)),
                "text": response.text.map { .string($0) } ?? .null,
                "calls": .integer(Int64(response.calls.count)), "usage": usage(response.usage),
            ]
        case .toolCalled(let call, let context):
            self.call(call, context, ["event": "tool_called", "arguments": .string(call.arguments)])
        case .toolSucceeded(let call, let context, let value):
            self.call(call, context, ["event": "tool_succeeded", "result": value])
        case .toolFailed(let call, let context, let message):
            self.call(call, context, ["event": "tool_failed", "message": .string(message)])
        case .toolOutcomeUnknown(let call, let context, let message):
            self.call(call, context, ["event": "tool_outcome_unknown", "message": .string(message)])
        case .finished(let result):
            [
                "event": "finished", "run": .string(result.runID), "completed": .bool(result.isComplete),
                "stop_reason": .string("\(result.stopReason)"), "text": result.text.map { .string($0) } ?? .null,
                "turns": .integer(Int64(result.steps.count)), "usage": usage(result.usage),
                "unsettled": .array(result.unsettledCalls.map { .string($0.idempotencyKey) }),
            ]
        }
    }

    private func call(_ call: ToolCall, _ context: ToolContext, _ more: [String: JSONValue]) -> JSONValue {
        let place: [String: JSONValue] = [
            "tool": .string(call.tool), "turn": .integer(Int64(context.step)), "index": .integer(Int64(context.index)),
            "attempt": .integer(Int64(context.attempt)), "key": .string(context.idempotencyKey),
        ]
        return .object(place.merging(more) { own, _ in own })
    }

    private func usage(_ usage: TokenUsage) -> JSONValue {
        ["input": .integer(Int64(usage.input)), "output": .integer(Int64(usage.output))]
    }
}
