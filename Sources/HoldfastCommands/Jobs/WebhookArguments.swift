import ArgumentParser
import HoldfastJobs

/// Whom an enqueued job tells of its end.
struct WebhookArguments: ParsableArguments {
    enum End: String, ExpressibleByArgument, CaseIterable {
        case finished, failed, both

        var events: [Webhook.Event] {
            switch self {
            case .finished: [.finished]
            case .failed: [.failed]
            case .both: [.finished, .failed]
            }
        }
    }

    @Option(
        name: .customLong("webhook"),
        help: ArgumentHelp(
            "POST to this URL when the job has ended; repeatable. Sent by a worker with --deliver-webhooks, or RQ's.",
            valueName: "url"))
    var urls: [String] = []

    @Option(help: ArgumentHelp("Of which end --webhook tells.", valueName: "end"))
    var webhookOn = End.both

    var webhooks: [Webhook] { urls.flatMap { url in webhookOn.events.map { Webhook(url, on: $0) } } }
}
