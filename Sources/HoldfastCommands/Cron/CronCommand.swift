import ArgumentParser

struct CronCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cron", abstract: "Enqueue jobs by the clock: entries in the store, and who obeys them.",
        subcommands: [CronList.self, CronSet.self, CronRemove.self, CronRun.self])
}
