import ArgumentParser

struct ChaosCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chaos", abstract: "Break things on purpose, and judge what comes of it.",
        discussion: """
            A scenario is a YAML file that says what runs, what is done to it and what must hold nevertheless; see \
            docs/chaos.md. All servers and workers are started for the run on this machine, and nothing else is touched.

            Exit status: 0 every guarantee held, 1 one was violated, 2 it could not be decided or the command line is \
            wrong.
            """,
        subcommands: [
            ChaosList.self, ChaosRunCommand.self, ChaosReplay.self, ChaosReport.self, ChaosWorkerCommand.self,
            ChaosAdapterCommand.self, ChaosClientCommand.self, ChaosProgramCommand.self,
        ])
}
