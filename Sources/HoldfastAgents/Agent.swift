public import HoldfastRuntime
public import Logging

/// A model with tools, in a loop: the model asks for calls, their results go back to it, until it answers without one.
///
/// Unknown tools, wrong arguments and failed calls go back to the model, which corrects itself a bounded number of
/// times. Every call carries an idempotency key made of its position in the run, so that a run that is executed again
/// under the same id commits nothing twice.
public struct Agent: Sendable {
    public var model: any Model
    public var tools: ToolSet
    /// The system message; nil sends none.
    public var instructions: String?
    public var limits: AgentLimits
    private let runtime: any Runtime
    private let logger: Logger

    static let longestRunID = 200

    public init(
        model: any Model, tools: ToolSet = .empty, instructions: String? = nil, limits: AgentLimits = AgentLimits(),
        runtime: any Runtime = LiveRuntime(), logger: Logger = Logger(label: "holdfast.agents")
    ) {
        self.model = model
        self.tools = tools
        self.instructions = instructions
        self.limits = limits
        self.runtime = runtime
        self.logger = logger
    }

    /// Runs until the model is done or a limit is reached; the result says which.
    ///
    /// - Parameters:
    ///   - runID: 1 to 200 bytes; nil draws one. Give the same id to execute a run again.
    ///   - history: messages of earlier runs, oldest first.
    ///   - observe: told of every step as it happens; it must not block.
    /// - Throws: `AgentError` when the model fails or the task is cancelled. A cancelled call is awaited first.
    public func run(
        _ prompt: String, runID: String? = nil, history: [Message] = [],
        observe: @escaping @Sendable (AgentEvent) -> Void = { _ in }
    ) async throws(AgentError) -> AgentResult {
        let runID = runID ?? runtime.randomHex(bytes: 16)
        guard (1...Self.longestRunID).contains(runID.utf8.count) else {
            throw AgentError(kind: .badRunID(runID), steps: [])
        }
        let opening = (instructions.map { [Message.system($0)] } ?? []) + history + [.user(prompt)]
        var loop = AgentLoop(runID: runID, messages: opening, tools: tools, limits: limits)
        let deadline = runtime.now.advanced(by: limits.time)
        let runner = ToolRunner(runtime: runtime, limits: limits, deadline: deadline, observe: observe)
        var action = loop.start()
        while true {
            switch action {
            case .ask:
                observe(.modelAsked(turn: loop.turn, messages: loop.messages.count))
                guard let response = try await ask(loop, deadline) else {
                    return finish(loop, .timeLimit(limits.time), observe)
                }
                observe(.modelAnswered(turn: loop.turn, response))
                action = loop.answered(response)
                for refusal in loop.refusals {
                    observe(.toolFailed(refusal.call, refusal.context, message: refusal.message))
                }
            case .call(let batches):
                action = loop.called(await runner.run(batches))
                if Task.isCancelled { throw AgentError(kind: .cancelled, steps: loop.steps) }
                if case .ask = action, runtime.now >= deadline { action = .stop(.timeLimit(limits.time)) }
            case .stop(let reason): return finish(loop, reason, observe)
            }
        }
    }

    /// nil when the run's time ends first.
    private func ask(_ loop: AgentLoop, _ deadline: Instant) async throws(AgentError) -> ModelResponse? {
        let request = ModelRequest(messages: loop.messages, tools: tools.tools)
        let model = model
        let raced = await runtime.race(until: deadline) { () async -> Result<ModelResponse, ModelError> in
            do throws(ModelError) { return .success(try await model.complete(request)) } catch {
                return .failure(error)
            }
        }
        switch raced.value {
        case .success(let response): return response
        case .failure where raced.isLate: return nil
        case .failure(.cancelled): throw AgentError(kind: .cancelled, steps: loop.steps)
        case .failure(let error): throw AgentError(kind: .model(error), steps: loop.steps)
        }
    }

    private func finish(
        _ loop: AgentLoop, _ reason: StopReason, _ observe: @Sendable (AgentEvent) -> Void
    ) -> AgentResult {
        let result = AgentResult(
            runID: loop.runID, stopReason: reason, text: loop.steps.last?.response.text, messages: loop.messages,
            steps: loop.steps, usage: loop.usage)
        logger.debug("run \(loop.runID) ended after \(loop.steps.count) turns: \(reason)")
        observe(.finished(result))
        return result
    }
}
