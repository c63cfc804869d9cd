import Foundation
import HoldfastCluster
import HoldfastHTTP
import HoldfastJobs
import HoldfastProcess
import HoldfastRuntime
import LocalHTTPServer
import Synchronization
import Testing

/// `holdfast enqueue --webhook` and `holdfast worker --deliver-webhooks`, as a user runs them.
@Suite("Webhooks on the command line", .timeLimit(.minutes(2)))
struct WebhookCommandTests {
    private static let secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"]

    /// A receiver, a store, and a queue `q` with a job that finishes and one that fails, both told of.
    private func withDeliveries(
        _ body: @Sendable (_ store: LocalCluster, _ received: Received) async throws -> Void
    ) async throws {
        let received = Received()
        try await LocalHTTPServer.run { request, responder in
            received.add(request)
            try await responder.answer(204)
        } _: { server in
            try await withTemporaryCluster(nodes: 0, stores: 1) { cluster in
                for (argument, path) in [(#""hello""#, "fine"), ("7", "broken")] {
                    let run = try await Invocation.run([
                        "enqueue", "q", "holdfast.echo", argument, "--webhook", "\(server.url)/\(path)", "--store",
                        cluster.storeURLs[0],
                    ])
                    #expect(run.status == .exited(0), "\(run)")
                }
                try await body(cluster, received)
            }
        }
    }

    private final class Received: Sendable {
        private let requests = Mutex<[LocalRequest]>([])
        var list: [LocalRequest] { requests.withLock { $0 } }
        func add(_ request: LocalRequest) { requests.withLock { $0.append(request) } }
    }

    private func work(
        _ cluster: LocalCluster, _ options: [String], secret: String? = nil
    ) async throws -> Invocation {
        try await Invocation.run(
            ["worker", "q", "--burst", "--store", cluster.storeURLs[0]] + options,
            variables: secret.map { ["HOLDFAST_WEBHOOK_SECRET": $0] } ?? [:])
    }

    private func signers(_ request: LocalRequest) throws -> [Bool] {
        let headers = HTTPHeaders(request.fields.map { .init(name: $0.name, value: $0.value) })
        return try Self.secrets.map {
            try WebhookSecret($0).verifies(headers, body: request.body, now: LiveRuntime().wallTime)
        }
    }

    @Test func theEndsAreToldSignedWithTheSecretsOfAFile() async throws {
        try await withDeliveries { cluster, received in
            let file = "\(cluster.directory)/secrets"
            try "\(Self.secrets[0])\n\n  \(Self.secrets[1])\n".write(toFile: file, atomically: true, encoding: .utf8)
            let run = try await work(
                cluster, ["--deliver-webhooks", "--internal-webhooks", "--webhook-secret-file", file])
            #expect(run.status == .exited(0), "\(run)")
            let told = received.list.sorted { $0.path < $1.path }
            #expect(told.map(\.path) == ["/broken", "/fine"])
            for request in told { #expect(try signers(request) == [true, true]) }
        }
    }

    @Test func theVariableServesToo() async throws {
        try await withDeliveries { cluster, received in
            let run = try await work(
                cluster, ["--deliver-webhooks", "--internal-webhooks"], secret: Self.secrets[0])
            #expect(run.status == .exited(0), "\(run)")
            let told = received.list
            #expect(told.count == 2)
            for request in told { #expect(try signers(request) == [true, false]) }
        }
    }

    /// Loopback is refused unless the operator allows it, and nothing is sent by who does not deliver.
    @Test(arguments: [["--deliver-webhooks"], []]) func nothingIsSentUnlessTold(_ options: [String]) async throws {
        try await withDeliveries { cluster, received in
            let run = try await work(cluster, options)
            #expect(run.status == .exited(0), "\(run)")
            #expect(received.list.isEmpty)
            // Neither is lost.
            let info = try await Invocation.run(["info", "--json", "--store", cluster.storeURLs[0]])
            let state = options.isEmpty ? "queued" : "scheduled"
            let queues = try #require(
                try JSONSerialization.jsonObject(with: Data(info.output.utf8)) as? [String: Any])["queues"]
            let webhooks = (queues as? [[String: Any]])?.first { $0["name"] as? String == "holdfast.webhooks" }
            #expect((webhooks?["jobs"] as? [String: Any])?[state] as? Int == 2, "\(info.output)")
        }
    }

    @Test func aSecretThatIsNoneIsRefusedWithoutBeingShown() async throws {
        try await withTemporaryCluster(nodes: 0, stores: 1) { cluster in
            let file = "\(cluster.directory)/empty"
            try "\n".write(toFile: file, atomically: true, encoding: .utf8)
            for (options, secret, complaint) in [
                (["--deliver-webhooks"], "hunter2hunter2", "HOLDFAST_WEBHOOK_SECRET: that is no webhook secret"),
                (
                    ["--deliver-webhooks", "--webhook-secret-file", "/nowhere/secret"], nil,
                    "cannot be read from /nowhere"
                ),
                (["--deliver-webhooks", "--webhook-secret-file", file], nil, "there is no webhook secret in"),
                (["--webhook-secret-file", file], nil, "go with --deliver-webhooks"),
                (["--deliver-webhooks", "--handler", "holdfast.webhook=true"], nil, "has a handler already"),
            ] as [([String], String?, String)] {
                let run = try await work(cluster, options, secret: secret)
                #expect(run.status == .exited(2) && run.error.contains(complaint), "\(run)")
                #expect(!run.error.contains("hunter2"))
            }
            let run = try await Invocation.run([
                "enqueue", "q", "holdfast.echo", #""x""#, "--webhook", "ftp://x", "--store", cluster.storeURLs[0],
            ])
            #expect(run.status == .exited(2) && run.error.contains("no URL for a webhook"), "\(run)")
        }
    }
}
