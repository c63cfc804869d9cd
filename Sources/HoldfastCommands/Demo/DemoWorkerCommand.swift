import ArgumentParser
import HoldfastChaos

/// A worker of `holdfast demo`; not for people.
struct DemoWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo-worker", abstract: "A worker process of 'holdfast demo'.", shouldDisplay: false)

    @Option var name: String
    @Option var number: Int
    @Option var directory: String
    @Option var store: String
    @Option var nodes: String
    @Option(help: "Milliseconds.") var lockTtl: Int
    @Option(help: "Milliseconds.") var jobLease: Int
    @Option var concurrency: Int
    @Flag var unsafe = false

    func run() async throws {
        let worker = DemoWorker(
            DemoWorker.Options(
                name: name, number: number, store: store, nodes: nodes.split(separator: ",").map(String.init),
                directory: directory, unsafe: unsafe, lockTTL: .milliseconds(lockTtl),
                jobLease: .milliseconds(jobLease), concurrency: concurrency))
        try await worker.run()
    }
}
