public import ArgumentParser

/// `holdfast`: every command is a file of its own in this room.
public struct HoldfastCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "holdfast",
        abstract: "Mutate shared state safely: quorum locks with fencing tokens, fenced resources, jobs, agents.",
        discussion: """
            Exit status: 0 all is well, 1 an operation or a guarantee failed, 2 the command line is wrong, \
            69 a server or a program that is needed is not there, 75 a lock is held by another, or an \
            end did not come in time, 76 a lease was lost, 130 interrupted. 'holdfast lock' passes on its command's.

            HOLDFAST_DIR, HOLDFAST_NODES and HOLDFAST_STORE say where the servers are when no option does, \
            HOLDFAST_LOG sets the level of the log on standard error (warning by default), NO_COLOR removes colours.
            """,
        version: "0.1.0",
        subcommands: [
            DemoCommand.self, ChaosCommand.self, VerifyCommand.self, AgentCommand.self, ClusterCommand.self,
            WorkerCommand.self, PoolCommand.self, EnqueueCommand.self, InfoCommand.self, JobCommand.self,
            QueueCommand.self, FailedCommand.self, LimitsCommand.self, WorkersCommand.self, CronCommand.self,
            LockCommand.self, LocksCommand.self, BenchCommand.self,
        ])

    public init() {}
}
