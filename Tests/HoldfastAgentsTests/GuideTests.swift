import Foundation
import HoldfastAgents
import HoldfastHTTP
import Testing

/// The code of docs/agents.md, compiled and run. `theGuideShowsThisCode` compares the two.
actor Bank {
    private var balances: [String: Int64] = [:]
    private var answers: [String: Int64] = [:]

    /// At most once a key.
    func deposit(_ amount: Int64, to account: String, key: String) -> Int64 {
        if let answer = answers[key] { return answer }
        let balance = balances[account, default: 0] + amount
        balances[account] = balance
        answers[key] = balance
        return balance
    }
}

struct Deposit: Tool {
    struct Arguments: Decodable, Sendable {
        var account: String
        var amount: Int64
    }

    let name = "deposit"
    let description = "Adds credits to an account and answers its new balance."
    let parameters = JSONSchema.object([
        .required("account", .string(length: 1...40)),
        .optional("amount", .integer(1...1000, description: "credits", default: 10)),
    ])
    let effect = ToolEffect.idempotent
    let bank: Bank

    func call(_ arguments: Arguments, context: ToolContext) async throws -> JSONValue {
        guard arguments.account != "closed" else { throw ToolError.refused("the account is closed") }
        return .integer(await bank.deposit(arguments.amount, to: arguments.account, key: context.idempotencyKey))
    }
}

@Suite struct GuideTests {
    @Test func theGuideRuns() async throws {
        let script = try #require(try Self.blocks("json").first)
        let model = try ScriptedModel(json: script)
        let bank = Bank()
        for _ in 1...2 {
            let agent = Agent(
                model: model, tools: try ToolSet([Deposit(bank: bank)]), instructions: "You are a careful clerk.")
            let result = try await agent.run("Put 5 credits on a.", runID: "run-1") { event in
                if case .toolCalled(let call, let context) = event { print("\(context.idempotencyKey) \(call.tool)") }
            }
            print(result.stopReason, result.text ?? "")
            #expect(result.isComplete)
            #expect(result.text == "Account a has 5 credits now.")
        }
    }

    @Test func theOpenAIModelIsMadeLikeThis() async throws {
        let client = HTTPClient()
        let key = ProcessInfo.processInfo.environment["OPENAI_API_KEY"].map { APIKey($0) }
        let gpt = OpenAIModel(name: "gpt-4.1-mini", baseURL: OpenAIModel.defaultBaseURL, apiKey: key, client: client)
        #expect(gpt.streams)
        await client.close()
    }

    @Test func theGuideShowsThisCode() throws {
        let source = Self.squeezed(try String(contentsOf: URL(filePath: #filePath), encoding: .utf8))
        let blocks = try Self.blocks("swift")
        #expect(blocks.count == 3)
        for block in blocks { #expect(source.contains(Self.squeezed(block)), "not compiled:\n\(block)") }
    }

    /// Line breaks and indentation do not matter.
    private static func squeezed(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    private static func blocks(_ language: String) throws -> [String] {
        let guide = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/agents.md")
        let pieces = try String(contentsOf: guide.standardized, encoding: .utf8).components(separatedBy: "```")
        return pieces.filter { $0.hasPrefix(language + "\n") }.map { String($0.dropFirst(language.count + 1)) }
    }
}
