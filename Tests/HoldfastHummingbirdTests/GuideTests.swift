import Foundation
import HoldfastConformance
import HoldfastHTTP
import HoldfastHTTPResource
import HoldfastHummingbird
import HoldfastLocks
import HoldfastResources
import HoldfastSQLite
import Hummingbird
import TestWorld
import Testing

/// The Swift of docs/resources.md.
@Suite(.timeLimit(.minutes(1))) struct GuideTests {
    private struct Payment: Decodable { var amount: Int }

    private final class Bank: Sendable {
        func pay(_ amount: Int, token: FencingToken, key: IdempotencyKey?) async throws -> Response {
            Response(status: .created)
        }
    }

    private func edit(_ page: some FencedResource, as token: FencingToken) async throws {
        let before = try await page.raise(to: token)
        let after = (before ?? []) + Array("one more line\n".utf8)
        let receipt = try await page.apply(after, token: token, key: IdempotencyKey("edit 17"))
        #expect(receipt.sequence == 1)
    }

    @Test func theAdaptersAreUsedAsTheGuideSays() async throws {
        try await withTemporaryDirectory { directory in
            let token = FencingToken(rawValue: 7)
            let file = try FileResource("\(directory)/motd")
            try await edit(file, as: token)
            let store = try await SQLiteStore.open("\(directory)/state.sqlite")
            try await edit(store.resource("page"), as: token)
            let router = Router()
            router.fencedResource(at: "/pages/:name") { request, context in
                try store.resource(context.parameters.require("name"))
            }
            try await withServer(router) { (url, client) async throws in
                let remote = try HTTPResource("\(url)/pages/start", client: client)
                try await edit(remote, as: token)
            }
        }
    }

    @Test func theMiddlewareIsUsedAsTheGuideSays() async throws {
        let bank = Bank()
        let router = Router()
        let fencing = FencingMiddleware<BasicRequestContext>(store: MemoryRequestStore(), abandoned: .refuse)
        router.group("payments").add(middleware: fencing)
            .post { request, context in
                let payment = try await request.decode(as: Payment.self, context: context)
                guard let fenced = FencedRequest.current else { throw Hummingbird.HTTPError(.internalServerError) }
                return try await bank.pay(payment.amount, token: fenced.token, key: fenced.key)
            }
        try await withServer(router) { (url, client) async throws in
            let answer = try await client.send(
                Call(
                    .post, "\(url)/payments", headers: ["Fencing-Token": "1", "Idempotency-Key": "\"k\""],
                    body: Array(#"{"amount":5}"#.utf8)))
            #expect(answer.status == 201)
        }
    }

    @Test(arguments: ConformanceCase.all) func conforms(_ conformance: ConformanceCase) async throws {
        try await withTemporaryDirectory { directory in
            let pages = FileResourceDirectory(directory)
            try await conformance.run { name in try pages.resource(name) }
        }
    }

    /// Every line of Swift in the guide stands in this file.
    @Test func theGuideShowsWhatIsTested() throws {
        let here = try String(contentsOfFile: #filePath, encoding: .utf8)
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let guide = try String(contentsOfFile: "/\(root)/docs/resources.md", encoding: .utf8)
        let known = Set(here.split(separator: "\n").map { $0.trimmingPrefix(while: \.isWhitespace) })
        let blocks = guide.components(separatedBy: "```swift\n").dropFirst().map {
            $0.components(separatedBy: "```")[0]
        }
        #expect(blocks.count == 5)
        for line in blocks.joined().split(separator: "\n") {
            #expect(known.contains(line.trimmingPrefix(while: \.isWhitespace)), "\(line)")
        }
    }
}
