import HoldfastAgents
import HoldfastJobs
import HoldfastResources
import HoldfastRuntime

/// Jobs whose agents move credits between the accounts of a ledger.
struct AgentWork: Sendable {
    /// The job's function: an agent run that moves credits.
    static let function = "agents.transfer"
    static let queue = "transfers"

    private let seat: WorkerSeat

    init(_ seat: WorkerSeat) { self.seat = seat }

    func run() async throws {
        let ledger = Ledger("main", on: seat.store, unfenced: seat.settings.mutant == .fenceOff)
        let tools = try ToolSet(
            LedgerTools(ledger, locks: try seat.lockCluster(), who: seat.name, ttl: seat.lockTTL).all)
        let runtime = seat.runtime
        var handlers = HandlerRegistry()
        handlers.register(Self.function) { (transfer: Transfer, context: JobContext) async throws -> String in
            try await Self.runAgent(transfer, context, tools, runtime)
        }
        try await JobWork.work(on: Self.queue, handlers, seat)
    }

    /// The model's part is scripted, so that everybody can run it; the loop, the tools and their effects are real.
    private static func runAgent(
        _ transfer: Transfer, _ context: JobContext, _ tools: ToolSet, _ runtime: any Runtime
    ) async throws -> String {
        let model = ScriptedModel(turns: [
            .init(calls: [.init("balance", ["account": .string(transfer.from)])]),
            .init(calls: [
                .init(
                    "transfer",
                    [
                        "from": .string(transfer.from), "to": .string(transfer.to), "amount": .integer(transfer.amount),
                    ])
            ]),
            .init(say: "Moved \(transfer.amount) credits from \(transfer.from) to \(transfer.to).", expect: "journal"),
        ])
        let agent = Agent(model: model, tools: tools, runtime: runtime)
        let result = try await agent.run(
            "Move \(transfer.amount) credits from \(transfer.from) to \(transfer.to).", runID: "\(context.jobID)")
        guard result.isComplete, let text = result.text else {
            throw ChaosError("the agent stopped: \(result.stopReason)")
        }
        return text
    }

    /// The key under which a job's agent commits its transfer: its second turn's first call.
    static func effectKey(of job: String) -> String {
        ToolContext(runID: job, step: 2, index: 0).idempotencyKey
    }
}
