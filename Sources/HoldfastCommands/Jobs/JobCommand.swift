import ArgumentParser

struct JobCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job", abstract: "Look at single jobs, and decide about them.",
        discussion: """
            Each of them is one atomic step: a job that a worker takes meanwhile is either taken or changed, never both.

            Exit status: 1 if there is no such job or its state does not allow it; then nothing was changed.
            """,
        subcommands: [
            JobShow.self, JobWait.self, JobCancel.self, JobStop.self, JobRequeue.self, JobDelete.self,
        ])
}
