import HoldfastConformance
import HoldfastHTTP
import HoldfastHTTPResource
import HoldfastHummingbird
import HoldfastLocks
import HoldfastResources
import Hummingbird
import LocalHTTPServer
import TestWorld
import Testing

@Suite(.serialized) struct HTTPResourceTests {
    private let token = FencingToken(rawValue: 3)

    /// The name as hexadecimal digits: what paths do to odd characters is not what is tested here.
    private func digits(_ name: String) -> String {
        name.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private func router(_ directory: FileResourceDirectory) -> Router<BasicRequestContext> {
        let router = Router()
        router.fencedResource(at: "/resources/:name") { _, context in
            let digits = try context.parameters.require("name")
            let bytes = stride(from: 0, to: digits.count, by: 2).map { start in
                UInt8(digits.dropFirst(start).prefix(2), radix: 16) ?? 0
            }
            return try directory.resource(String(decoding: bytes, as: UTF8.self))
        }
        return router
    }

    @Test(.timeLimit(.minutes(3))) func conformsOverRealHTTP() async throws {
        try await withTemporaryDirectory { directory in
            try await withServer(router(FileResourceDirectory(directory))) { (url, client) async throws in
                for conformance in ConformanceCase.all {
                    do {
                        try await conformance.run { name in
                            try HTTPResource("\(url)/resources/\(digits(name))", name: name, client: client)
                        }
                    } catch {
                        Issue.record("\(conformance): \(error)")
                    }
                }
            }
        }
    }

    @Test func refusalsNameBothTokensInBodyAndFields() async throws {
        try await withTemporaryDirectory { directory in
            try await withServer(router(FileResourceDirectory(directory))) { (url, client) async throws in
                let place = "\(url)/resources/\(digits("page"))"
                _ = try await HTTPResource(place, client: client).raise(to: FencingToken(rawValue: 5))
                let answer = try await client.send(
                    Call(.put, place, headers: ["Fencing-Token": "3", "Idempotency-Key": "\"k\""], body: [1]))
                #expect(answer.status == 412)
                #expect(answer.headers["Fencing-Token"] == "3" && answer.headers["Fencing-Fence"] == "5")
                #expect(answer.headers["Content-Type"] == "application/problem+json")
                #expect(answer.text.contains(#""token":3"#) && answer.text.contains(#""fence":5"#))
                #expect(answer.text.contains(#""resource":"page""#))
            }
        }
    }

    @Test(
        arguments: [
            ([:], 428), (["Fencing-Token": ""], 400), (["Fencing-Token": "x"], 400), (["Fencing-Token": "-1"], 400),
            (["Fencing-Token": "0"], 400), (["Fencing-Token": "9007199254740992"], 400), (["Fencing-Token": "1"], 400),
            (["Fencing-Token": "1", "Idempotency-Key": "bare"], 400),
            (["Fencing-Token": "1", "Idempotency-Key": "\"\""], 400),
            (["Fencing-Token": "1", "Idempotency-Key": "\"k\", \"l\""], 400),
            (["Fencing-Token": "1", "Idempotency-Key": "\"k\""], 200),
        ] as [([String: String], Int)])
    func missingAndMalformedFieldsAreSaid(_ fields: [String: String], _ status: Int) async throws {
        try await withTemporaryDirectory { directory in
            try await withServer(router(FileResourceDirectory(directory))) { (url, client) async throws in
                var headers = HTTPHeaders()
                for (name, value) in fields { headers[name] = value }
                let answer = try await client.send(
                    Call(.put, "\(url)/resources/61", headers: headers, body: [1]))
                #expect(answer.status == status, "\(answer.text)")
            }
        }
    }

    @Test func whatAServiceAnswersIsTranslated() async throws {
        let cases: [(Int, ResourceError?, StoreError.Code?, StoreError.Outcome?)] = [
            (401, nil, .denied, .notWritten), (403, nil, .denied, .notWritten), (404, nil, .foreign, .notWritten),
            (409, nil, .busy, .unknown), (412, nil, .failed, .unknown), (422, .keyReused(key: "k"), nil, nil),
            (429, nil, .overloaded, .notWritten), (500, nil, .failed, .unknown), (503, nil, .failed, .unknown),
            (200, nil, .foreign, .unknown), (301, nil, .failed, .unknown),
        ]
        try await LocalHTTPServer.run { request, responder in
            try await responder.answer(Int(request.path.dropFirst()) ?? 500)
        } _: { server in
            let client = Client()
            for (status, expected, code, outcome) in cases {
                do {
                    _ = try await HTTPResource("\(server.url)/\(status)", client: client)
                        .apply([1], token: token, key: IdempotencyKey("k"))
                    Issue.record("\(status) was taken for a receipt")
                } catch ResourceError.unavailable(let error) {
                    #expect(error.code == code && error.outcome == outcome, "\(status): \(error)")
                } catch {
                    #expect(error as? ResourceError == expected, "\(status): \(error)")
                }
            }
            await client.close()
        }
    }

    @Test func aStoreThatIsAwayIsSaidWithWhatIsKnown() async throws {
        let router = Router()
        router.fencedResource(at: "/r") { _, _ in
            throw ResourceError.unavailable(StoreError(.full, .notWritten, "no room", at: "/secret/place"))
        }
        try await withServer(router) { (url, client) async throws in
            do {
                _ = try await HTTPResource("\(url)/r", client: client).read(token)
                Issue.record("it answered")
            } catch let error as ResourceError {
                guard case .unavailable(let cause) = error else { throw error }
                #expect(cause.code == .full && cause.outcome == .notWritten && cause.message == "no room")
                #expect(!"\(cause)".contains("secret"))
            }
        }
        let client = Client()
        let error = await #expect(throws: ResourceError.self) {
            try await HTTPResource("http://127.0.0.1:1/r", client: client).read(token)
        }
        guard case .unavailable(let cause) = error else { throw try #require(error) }
        #expect(cause.code == .unreachable && cause.outcome == .notWritten)
        await client.close()
    }
}
