import ArgumentParser
import Foundation
import HoldfastLocks
import HoldfastProcess
import HoldfastRuntime

struct LockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock", abstract: "Run a command while holding a lock, and end it when the lock is lost.",
        discussion: """
            The command finds HOLDFAST_LOCK_NAME, HOLDFAST_LOCK_TOKEN (the fencing token, to show with every write), \
            HOLDFAST_LOCK_OWNER and HOLDFAST_LOCK_TTL (seconds) in its environment. The lock is renewed until the \
            command ends, and free then. SIGINT, SIGTERM and SIGHUP are handed on to it. When the lease is lost, the \
            command and all that it started in its process group get SIGTERM, and --kill-after later SIGKILL. A \
            command whose standard input is a terminal stays in this process's group, because only the foreground \
            group may read the terminal; then only the command itself is ended.

            Exit status: the command's own, or 128 + n when signal n ended it; 75 others hold the lock, 76 the lease \
            was lost, 69 no majority of lock nodes, 2 the command line is wrong, 126 the command cannot be executed, \
            127 there is no such command, 130 interrupted while waiting. Where the command uses the same numbers, \
            only ours come with a line 'holdfast: …' on standard error.

            Examples:
              holdfast lock nightly-report -- ./report.sh
              holdfast lock deploy --wait 5m --ttl 30 -- make deploy
              holdfast lock deploy --wait forever -- sh -c 'echo "token $HOLDFAST_LOCK_TOKEN"'
            """)

    @Argument(help: "The lock's name, 1 to 512 bytes.")
    var name: String

    @Option(
        help: ArgumentHelp(
            "The lease's length: how long others wait after this process dies. Renewed every third of it.",
            valueName: "time"))
    var ttl = SpanArgument(.seconds(10))

    @Option(
        help: ArgumentHelp(
            "How long to try while others hold the lock or nodes are missing; one attempt if not given.",
            valueName: "time|forever"))
    var wait: WaitArgument?

    @Option(help: ArgumentHelp("How long after SIGTERM what is left gets SIGKILL.", valueName: "time"))
    var killAfter = SpanArgument(.seconds(5))

    @OptionGroup var connection: ConnectionOptions

    @Argument(parsing: .postTerminator, help: "What to run, after '--', with its arguments.")
    var command: [String]

    func validate() throws {
        if command.isEmpty { throw ValidationError("Name the command to run after '--'.") }
    }

    func run() async throws {
        let status: HoldfastProcess.ExitStatus
        do { status = try await runLocked() } catch let error as ProcessError {
            throw CommandFailure("\(error)", code: Self.code(of: error))
        }
        switch status {
        case .exited(0): return
        case .exited(let code): throw ArgumentParser.ExitCode(code)
        case .signalled(let signal): throw ArgumentParser.ExitCode(128 + signal)
        }
    }

    private func runLocked() async throws -> HoldfastProcess.ExitStatus {
        let runtime = LiveRuntime()
        let name = try LockName(name)
        // A lock that nobody can use is not worth waiting for.
        _ = try Executable.find(command[0])
        let configuration = LockClusterConfiguration(nodes: try connection.nodeConfigurations())
        let hangUp = try Self.hangUpHandler()
        defer { hangUp?.remove() }

        let began = runtime.now
        let usual = Duration.seconds(5)
        let locks = try await LockCluster.connect(
            configuration, patience: wait.map { max($0.duration ?? .seconds(1_000_000_000), usual) } ?? usual,
            transport: try connection.transport(to: configuration.nodes), runtime: runtime)
        let outcome: Result<HoldfastProcess.ExitStatus, any Error>
        do {
            let child = LockedChild(command, killAfter: killAfter.duration)
            let patience = wait?.lockWait(after: began.duration(to: runtime.now)) ?? .none
            outcome = .success(
                try await locks.withLock(name, ttl: ttl.duration, wait: patience) { lease in
                    try await child.run(lease)
                })
        } catch {
            outcome = .failure(error)
        }
        await locks.close()
        return try outcome.get()
    }

    /// SIGHUP is answered like SIGTERM, unless it is ignored (nohup).
    private static func hangUpHandler() throws -> SignalHandler? {
        guard let interruption = Interruption.current else { return nil }
        var before = sigaction()
        sigaction(SIGHUP, nil, &before)
        if unsafeBitCast(before.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
            return nil
        }
        return try SignalHandler(.hangUp) {
            if interruption.signalled(.hangUp) { _exit(ExitCode.interrupted.rawValue) }
        }
    }

    private static func code(of error: ProcessError) -> ExitCode {
        switch error {
        case .executableNotFound: .commandNotFound
        case .notExecutable: .notExecutable
        default: .failed
        }
    }
}
