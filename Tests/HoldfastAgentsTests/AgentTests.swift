import HoldfastAgents
import HoldfastRuntime
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct AgentTests {
    private let runtime = RecordingRuntime(skipping: .seconds(10))

    private func agent(_ turns: [ScriptedModel.Turn], _ tools: [any Tool], limits: AgentLimits = AgentLimits()) throws
        -> Agent
    {
        Agent(model: ScriptedModel(turns: turns), tools: try ToolSet(tools), limits: limits, runtime: runtime)
    }

    @Test func modelToolModelAndTheEventsInOrder() async throws {
        let log = CallLog()
        let events = CallLog()
        let agent = try agent(
            [.init(say: "moving", calls: [transfer(5)]), .init(say: "moved", expect: "done")], [TransferTool(log: log)])
        let result = try await agent.run("move 5", runID: "r1") { event in
            switch event {
            case .modelAsked(let turn, let messages): events.add("asked \(turn) \(messages)")
            case .modelAnswered(let turn, let response): events.add("answered \(turn) \(response.text ?? "")")
            case .toolCalled(let call, let context): events.add("called \(call.tool) \(context.idempotencyKey)")
            case .toolSucceeded(_, _, let value): events.add("succeeded \(value)")
            case .toolFailed, .toolOutcomeUnknown: events.add("unexpected")
            case .finished(let result): events.add("finished \(result.stopReason)")
            }
        }
        #expect(result.isComplete)
        #expect(result.text == "moved")
        #expect(
            result.messages == [
                .user("move 5"),
                .assistant(
                    text: "moving",
                    calls: [ToolCall(id: "call_0_0", tool: "transfer", arguments: #"{"amount":5,"from":"a","to":"b"}"#)]
                ),
                .tool(callID: "call_0_0", content: "done"), .assistant(text: "moved", calls: []),
            ])
        #expect(result.steps[0].calls.map(\.outcome) == [.succeeded("done")])
        #expect(log.all == ["r1:1:0 1 5 none"])
        #expect(
            events.all == [
                "asked 1 1", "answered 1 moving", "called transfer r1:1:0", "succeeded \"done\"", "asked 2 3",
                "answered 2 moved", "finished completed",
            ])
    }

    @Test func aRunExecutedAgainUsesTheSameKeysAndAnotherRunDoesNot() async throws {
        let log = CallLog()
        let turns = [
            ScriptedModel.Turn(calls: [transfer(5), transfer(5)]), .init(calls: [transfer(5)]), .init(say: "end"),
        ]
        for runID in ["run-a", "run-a", "run-b"] {
            _ = try await agent(turns, [TransferTool(log: log)]).run("go", runID: runID)
        }
        let first = ["run-a:1:0 1 5 none", "run-a:1:1 1 5 none", "run-a:2:0 1 5 none"]
        #expect(log.all == first + first + first.map { $0.replacing("run-a", with: "run-b") })
    }

    @Test func mistakesGoBackToTheModelWhichCorrectsItself() async throws {
        let log = CallLog()
        let tool = TransferTool(log: log) { arguments, _ in
            if arguments.amount > 50 { throw ToolError.refused("not enough credits", body: #"{"balance":50}"#) }
            return ["moved": .integer(Int64(arguments.amount))]
        }
        let agent = try agent(
            [
                .init(calls: [.init("transfr")]),
                .init(calls: [transfer(0)], expect: "Error: there is no tool named transfr; the tools are: transfer"),
                .init(calls: [transfer(60)], expect: "arguments.amount: must be at least 1, got 0"),
                .init(calls: [transfer(50)], expect: #"Error: not enough credits: {"balance":50}"#),
                .init(say: "corrected", expect: #"{"moved":50}"#),
            ], [tool])
        let result = try await agent.run("go", runID: "r")
        #expect(result.text == "corrected")
        #expect(log.all == ["r:3:0 1 60 none", "r:4:0 1 50 none"])
    }

    @Test func failuresInARowAreBoundedAndASuccessStartsTheCountAgain() async throws {
        var limits = AgentLimits()
        limits.corrections = 1
        let bad = ScriptedModel.Turn(calls: [transfer(0)])
        let good = ScriptedModel.Turn(calls: [transfer(0), transfer(1)])
        let result = try await agent([bad, good, bad, bad, bad], [TransferTool(log: CallLog())], limits: limits).run(
            "go")
        #expect(result.stopReason == .correctionLimit(1))
        #expect(result.steps.count == 4)
    }

    @Test func turnsAndCallsAreBounded() async throws {
        var limits = AgentLimits()
        limits.turns = 2
        limits.toolCalls = 3
        let log = CallLog()
        let turn = ScriptedModel.Turn(calls: [transfer(1)])
        let turns = try await agent([turn, turn, turn], [TransferTool(log: log)], limits: limits).run("go")
        #expect(turns.stopReason == .turnLimit(2))
        #expect(log.all.count == 2)
        let many = ScriptedModel.Turn(calls: Array(repeating: transfer(1), count: 4))
        let calls = try await agent([many], [TransferTool(log: log)], limits: limits).run("go")
        #expect(calls.stopReason == .toolCallLimit(3))
        #expect(calls.steps[0].calls.allSatisfy { $0.outcome == .notCalled })
        #expect(log.all.count == 2)
    }

    /// Two pure calls that wait for each other end only when they run at the same time; fenced ones never meet.
    @Test func pureCallsRunTogetherAndFencedOnesInOrder() async throws {
        let signals = [Signal(), Signal()]
        let meet = AnyTool(
            name: "meet", description: "", parameters: .object([.required("me", .integer(0...1))]), effect: .pure
        ) { arguments, _ in
            let me = Int(arguments["me"]?.integer ?? 0)
            signals[1 - me].send()
            await signals[me].wait()
            return "met"
        }
        let inside = Mutex(0)
        let log = CallLog()
        let fenced = TransferTool(log: log) { _, _ in
            let count = inside.withLock { count in
                count += 1
                return count
            }
            for _ in 0..<100 { await Task.yield() }
            inside.withLock { $0 -= 1 }
            return .integer(Int64(count))
        }
        let calls = [
            ScriptedModel.Turn.Call("meet", ["me": 0]), .init("meet", ["me": 1]), transfer(1), transfer(2), transfer(3),
        ]
        let result = try await agent([.init(calls: calls), .init(say: "end")], [meet, fenced]).run("go", runID: "r")
        #expect(
            result.steps[0].calls.map(\.outcome) == [
                .succeeded("met"), .succeeded("met"), .succeeded(1), .succeeded(1), .succeeded(1),
            ])
        #expect(log.all == ["r:1:2 1 1 none", "r:1:3 1 2 none", "r:1:4 1 3 none"])
    }

    @Test func anUnknownOutcomeIsRepeatedUnderTheSameKey() async throws {
        let log = CallLog()
        let tool = TransferTool(log: log) { _, context in
            if context.attempt == 1 { throw Unexpected("connection lost") }
            if context.attempt == 2 { throw ToolError.outcomeUnknown("no answer") }
            return "done"
        }
        let result = try await agent([.init(calls: [transfer(5)]), .init(say: "end", expect: "done")], [tool])
            .run("go", runID: "r")
        #expect(result.isComplete)
        #expect(log.all == ["r:1:0 1 5 none", "r:1:0 2 5 none", "r:1:0 3 5 none"])
        #expect(runtime.sleeps.map(\.milliseconds) == [99, 199])
    }

    @Test func anOutcomeThatStaysUnknownEndsTheRunBeforeTheNextCall() async throws {
        let log = CallLog()
        let tool = TransferTool(log: log) { _, _ in throw Unexpected("connection lost") }
        let result = try await agent([.init(calls: [transfer(5), transfer(6)])], [tool]).run("go", runID: "r")
        guard case .outcomeUnknown(let call, _) = result.stopReason else { throw Unexpected(result) }
        #expect(call.id == "call_0_0")
        #expect(log.all.count == 3)
        #expect(result.unsettledCalls.map(\.idempotencyKey) == ["r:1:0"])
        #expect(result.steps[0].calls[1].outcome == .notCalled)
    }

    @Test(arguments: [ToolEffect.UnknownPolicy.askHuman, .fail, .repeat])
    func unprotectedToolsFollowTheirPolicy(_ policy: ToolEffect.UnknownPolicy) async throws {
        let log = CallLog()
        let tool = TransferTool(effect: .unprotected(onUnknown: policy), log: log) { _, context in
            if context.attempt == 1 { throw Unexpected("connection lost") }
            return "done"
        }
        let result = try await agent([.init(calls: [transfer(5)]), .init(say: "end")], [tool]).run("go")
        switch (policy, result.stopReason) {
        case (.askHuman, .needsHuman), (.fail, .outcomeUnknown): #expect(log.all.count == 1)
        case (.repeat, .completed): #expect(log.all.count == 2)
        default: throw Unexpected(result.stopReason)
        }
    }

    @Test func aToolThatIsTooSlowIsCancelledAndAPureOneIsToldToTheModel() async throws {
        let tool = AnyTool(name: "slow", description: "", effect: .pure, timeLimit: .seconds(5)) { _, _ in
            await Signal().wait()
            throw CancellationError()
        }
        let result = try await agent(
            [.init(calls: [.init("slow")]), .init(say: "end", expect: "no answer within 5.0 seconds")], [tool]
        ).run("go")
        #expect(result.isComplete)
    }

    @Test func theTimeOfARunEndsAModelAndATool() async throws {
        var limits = AgentLimits()
        limits.time = .seconds(9)
        let silent = Agent(model: SilentModel(), limits: limits, runtime: RecordingRuntime(skipping: .seconds(10)))
        #expect(try await silent.run("go").stopReason == .timeLimit(.seconds(9)))
        // The call takes 15 of the run's 20 seconds; the rest is skipped, asleep or trying again.
        limits.time = .seconds(20)
        let tool = TransferTool(log: CallLog()) { [runtime] _, context in
            if context.attempt == 1 { runtime.advance(by: .seconds(15)) } else { await Signal().wait() }
            throw CancellationError()
        }
        let result = try await agent([.init(calls: [transfer(5)])], [tool], limits: limits).run("go")
        guard case .outcomeUnknown = result.stopReason else { throw Unexpected(result) }
        #expect(result.unsettledCalls.count == 1)
    }

    @Test func cancellationEndsTheModelAndTheTool() async throws {
        let model = SilentModel()
        let asking = Task { try await Agent(model: model, runtime: runtime).run("go") }
        await model.asked.wait()
        asking.cancel()
        let error = await #expect(throws: AgentError.self) { try await asking.value }
        #expect(error?.kind == .cancelled)

        let called = Signal()
        let tool = TransferTool(log: CallLog()) { _, _ in
            called.send()
            await Signal().wait()
            throw CancellationError()
        }
        let agent = try agent([.init(calls: [transfer(5)])], [tool])
        let calling = Task { try await agent.run("go") }
        await called.wait()
        calling.cancel()
        let second = await #expect(throws: AgentError.self) { try await calling.value }
        #expect(second?.kind == .cancelled)
        guard case .unknown = second?.steps[0].calls[0].outcome else { throw Unexpected(second) }
    }

    @Test func anAnswerCutByTheServerRunsNoCall() async throws {
        struct CutModel: Model {
            func complete(_ request: ModelRequest) async throws(ModelError) -> ModelResponse {
                let call = ToolCall(id: "c", tool: "transfer", arguments: #"{"from":"a","to":"b","amount":1}"#)
                return ModelResponse(text: nil, calls: [call], finishReason: .length)
            }
        }
        let log = CallLog()
        let agent = Agent(model: CutModel(), tools: try ToolSet([TransferTool(log: log)]), runtime: runtime)
        #expect(try await agent.run("go").stopReason == .answerIncomplete(.length))
        #expect(log.all.isEmpty)
    }

    @Test func longResultsAreCutForTheModel() async throws {
        var limits = AgentLimits()
        limits.resultBytes = 10
        let tool = TransferTool(log: CallLog()) { _, _ in .string(String(repeating: "x", count: 100)) }
        let result = try await agent(
            [.init(calls: [transfer(1)]), .init(say: "end", expect: "xxxxxxxxxx\n[cut: 100 bytes in all]")], [tool],
            limits: limits
        ).run("go")
        #expect(result.isComplete)
    }

    @Test func theModelsErrorAndABadRunIDAreTheRuns() async throws {
        let short = await #expect(throws: AgentError.self) {
            try await agent([.init(calls: [transfer(1)])], [TransferTool(log: CallLog())]).run("go")
        }
        guard case .model(.script) = short?.kind else { throw Unexpected(short) }
        #expect(short?.steps.count == 1)
        for id in ["", String(repeating: "x", count: 201)] {
            let error = await #expect(throws: AgentError.self) { try await agent([], []).run("go", runID: id) }
            #expect(error?.kind == .badRunID(id))
        }
    }
}
