import HoldfastAgents
import HoldfastHTTP
import Synchronization
import Testing

/// Arguments of the ledger-like tool that the tests use.
struct Transfer: Decodable, Sendable {
    var from: String
    var to: String
    var amount: Int
    var memo: String
}

/// A tool that records the calls it gets.
struct TransferTool: Tool {
    let name = "transfer"
    let description = "Moves credits"
    let parameters = JSONSchema.object([
        .required("from", .string(length: 1...20)),
        .required("to", .string(length: 1...20)),
        .required("amount", .integer(1...100, description: "credits")),
        .optional("memo", .string(default: "none")),
    ])
    var effect = ToolEffect.fenced(resources: ["ledger"])
    let log: CallLog
    var answer: @Sendable (Transfer, ToolContext) async throws -> JSONValue = { _, _ in "done" }

    func call(_ arguments: Transfer, context: ToolContext) async throws -> JSONValue {
        log.add("\(context.idempotencyKey) \(context.attempt) \(arguments.amount) \(arguments.memo)")
        return try await answer(arguments, context)
    }
}

final class CallLog: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}

/// A model that hangs until it is cancelled.
struct SilentModel: Model {
    let asked = Signal()

    func complete(_ request: ModelRequest) async throws(ModelError) -> ModelResponse {
        asked.send()
        await Signal().wait()
        throw .cancelled
    }
}

/// An event that a test awaits. Waiting ends with the task's cancellation, too.
final class Signal: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func send() { continuation.yield() }

    func wait() async {
        for await _ in stream { return }
    }
}

struct Unexpected: Error, CustomStringConvertible {
    let description: String
    init(_ value: Any?) { description = "unexpected: \(String(describing: value))" }
}

func transfer(_ amount: JSONValue) -> ScriptedModel.Turn.Call {
    .init("transfer", ["from": "a", "to": "b", "amount": amount])
}

func withClient<Value: Sendable>(_ body: @Sendable (HTTPClient) async throws -> Value) async throws -> Value {
    var configuration = HTTPConfiguration()
    configuration.usesProxyFromEnvironment = false
    let client = HTTPClient(configuration)
    let result: Result<Value, any Error>
    do { result = .success(try await body(client)) } catch { result = .failure(error) }
    await client.close()
    #expect(client.statistics.openHandles == 0)
    return try result.get()
}
