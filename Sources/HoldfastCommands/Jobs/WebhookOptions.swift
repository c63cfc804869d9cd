import ArgumentParser
import Foundation
import HoldfastHTTP
import HoldfastJobs
import HoldfastProcess

/// Which jobs' ends a worker tells of over HTTP, and how.
struct WebhookOptions: ParsableArguments {
    static let secretVariable = "HOLDFAST_WEBHOOK_SECRET"

    @Flag(
        help: ArgumentHelp(
            "Also deliver webhooks, see 'holdfast enqueue --webhook'. Internal addresses (loopback, private, …) are "
                + "refused."))
    var deliverWebhooks = false

    @Option(
        help: ArgumentHelp(
            "Sign them with the secret in this file (whsec_…); several, one a line, while one replaces another.",
            discussion: "\(Self.secretVariable) if not given; without either they are not signed.", valueName: "file"))
    var webhookSecretFile: String?

    @Flag(help: "Deliver them to internal addresses too: whoever may enqueue may then send requests into your network.")
    var internalWebhooks = false

    func validate() throws {
        if !deliverWebhooks, webhookSecretFile != nil || internalWebhooks {
            throw ValidationError("--webhook-secret-file and --internal-webhooks go with --deliver-webhooks.")
        }
    }

    /// Makes workers with these handlers deliver, if they shall.
    ///
    /// - Throws: `CommandFailure` for a file that cannot be read, or a secret that is none.
    func register(in registry: inout HandlerRegistry, variable: (String) -> String? = Environment.variable) throws {
        guard deliverWebhooks else { return }
        let secrets = try secrets(variable)
        let http = HTTPClient(WebhookDelivery.configuration(allowsInternalAddresses: internalWebhooks))
        registry.deliver(WebhookDelivery(http: http) { _ in secrets })
    }

    private func secrets(_ variable: (String) -> String?) throws -> [WebhookSecret] {
        let (source, text) = try source(variable)
        let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
        do {
            let secrets = try lines.filter { !$0.isEmpty }.map { try WebhookSecret($0) }
            if secrets.isEmpty, webhookSecretFile != nil {
                throw CommandFailure("there is no webhook secret in \(source)", code: .usage)
            }
            return secrets
        } catch let error as JobsError {
            throw CommandFailure("\(source): \(error.message)", code: .usage)
        }
    }

    private func source(_ variable: (String) -> String?) throws -> (name: String, text: String) {
        guard let webhookSecretFile else { return (Self.secretVariable, variable(Self.secretVariable) ?? "") }
        do {
            return (webhookSecretFile, try String(contentsOfFile: webhookSecretFile, encoding: .utf8))
        } catch {
            throw CommandFailure(
                "the webhook secret cannot be read from \(webhookSecretFile): \(error.localizedDescription)",
                code: .usage)
        }
    }

    /// The same options again, for a worker process; the variable is inherited.
    var arguments: [String] {
        (deliverWebhooks ? ["--deliver-webhooks"] : []) + (internalWebhooks ? ["--internal-webhooks"] : [])
            + (webhookSecretFile.map { ["--webhook-secret-file", $0] } ?? [])
    }
}
