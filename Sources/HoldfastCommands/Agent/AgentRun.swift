import ArgumentParser
import Glibc
import HoldfastAgents
import HoldfastHTTP

/// `holdfast agent run`
struct AgentRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run an agent that may look at a ledger's accounts and move credits, and print its steps.",
        discussion: """
            Without servers to use, five lock nodes and a store are started for this run. Every transfer commits \
            under a key made of the run's id and its place in the run: executing a run again under the same id moves \
            nothing twice.

            Examples:
              holdfast agent run --model scripted:script.json "Move 5 credits from alice to bob."
              holdfast agent run --model openai:gpt-4.1-mini "Who is the richest?"
              holdfast agent run --model openai:llama3 --base-url http://localhost:11434/v1 "Share all evenly."
            """)

    @Option(
        help: ArgumentHelp(
            "scripted:FILE, a script as docs/agents.md describes it, or openai:NAME, a model behind that API.",
            valueName: "kind:name"))
    var model: ModelChoice

    @Option(help: ArgumentHelp("The API up to and without /chat/completions; OpenAI's if not given.", valueName: "url"))
    var baseURL: String?

    @Option(
        help: ArgumentHelp(
            "The variable with the API key; OPENAI_API_KEY if not given, and with --base-url none.", valueName: "name"))
    var apiKeyEnv: String?

    @Option(help: ArgumentHelp("Most answers to ask of the model, 1 to 1000.", valueName: "count"))
    var maxTurns = AgentLimits().turns

    @Option(help: ArgumentHelp("The ledger's name.", valueName: "name"))
    var ledger = "main"

    @Option(help: ArgumentHelp("The run's id, 1 to 200 bytes; a random one if not given.", valueName: "id"))
    var runID: String?

    @Option(help: ArgumentHelp("The system message.", valueName: "text"))
    var instructions = "You look after a ledger of accounts. Amounts are whole credits."

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "What the agent is asked to do.")
    var prompt: String

    func validate() throws {
        guard (1...1000).contains(maxTurns) else { throw ValidationError("--max-turns is 1 to 1000.") }
        if let runID, !(1...200).contains(runID.utf8.count) { throw ValidationError("--run-id has 1 to 200 bytes.") }
        if case .scripted = model, baseURL != nil || apiKeyEnv != nil {
            throw ValidationError("a scripted model has no use for --base-url and --api-key-env; leave them out.")
        }
    }

    func run() async throws {
        let result = try await execute { try Output.standard.line($0) }
        if !result.isComplete { throw CommandFailure("the run stopped: \(result.stopReason)") }
    }

    /// Runs the agent and hands over every line as soon as it is known.
    func execute(print: @escaping @Sendable (String) throws -> Void) async throws -> AgentResult {
        let client = HTTPClient()
        let result: Result<AgentResult, any Error>
        do {
            result = .success(try await execute(client, print: print))
        } catch let error as AgentError where error.kind == .cancelled {
            result = .failure(CancellationError())
        } catch {
            result = .failure(error)
        }
        await client.close()
        return try result.get()
    }

    private func execute(
        _ client: HTTPClient, print: @escaping @Sendable (String) throws -> Void
    ) async throws -> AgentResult {
        // Before anything is started: a wrong script or a missing key must not cost a cluster.
        let model = try model.model(baseURL: baseURL, keyVariable: apiKeyEnv, client: client)
        let report = AgentReport(output.json ? .json : output.quiet ? .answer : .steps)
        var limits = AgentLimits()
        limits.turns = maxTurns
        let place = AgentLedger(
            connection: connection, name: ledger, who: "agent-\(getpid())",
            say: { if !output.json && !output.quiet { try print($0) } })
        return try await place.withTools { tools in
            let agent = Agent(model: model, tools: try ToolSet(tools), instructions: instructions, limits: limits)
            return try await agent.run(prompt, runID: runID) { event in
                // A reader that goes away does not end a run in the middle of its transfers.
                if let line = report.line(event) { try? print(line) }
            }
        }
    }
}

extension ScriptError: ExplainedFailure {
    var exitCode: ExitCode { .usage }
}

extension AgentError: ExplainedFailure {
    var exitCode: ExitCode {
        switch kind {
        case .model(.script), .badRunID: .usage
        case .model(.transport): .unavailable
        case .model: .failed
        case .cancelled: .interrupted
        }
    }
}
