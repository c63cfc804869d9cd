import ArgumentParser

struct LocksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "locks", abstract: "List the locks that are held, or forget names that are no longer used.",
        discussion: """
            Without a subcommand it lists: see 'holdfast locks list --help'.

            Examples:
              holdfast locks
              holdfast locks forget --idle 7d
            """,
        subcommands: [LocksList.self, LocksForget.self], defaultSubcommand: LocksList.self)
}
