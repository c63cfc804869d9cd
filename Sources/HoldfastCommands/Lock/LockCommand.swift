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
            HOLDFAST_LOCK_OWNER and HOLDFAST_LOCK_TTL (seconds) in its environment; with --shared instead of the \
            token HOLDFAST_LOCK_READ_TOKEN, with --slots also HOLDFAST_LOCK_SLOT (from 0), whose lock the name is. \
            Several names are locked all at once or not at all, and are given one a line. The lock is renewed until \
            the command ends, and free then. SIGINT, SIGTERM and SIGHUP are handed on to it. When the lease is lost, \
            the command and all that it started in its process group get SIGTERM, and --kill-after later SIGKILL. A \
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
              holdfast lock accounts/1 --and accounts/2 --wait 10s -- ./transfer.sh
              holdfast lock catalogue --shared --wait 10s -- ./export.sh
              holdfast lock encoders --slots 4 --wait forever -- ./encode.sh film.mkv
            """)

    @Argument(help: "The lock's name, 1 to 512 bytes.")
    var name: String

    @Option(
        name: .customLong("and"),
        help: ArgumentHelp("Another name to lock at once with the first; may be repeated.", valueName: "name"))
    var others: [String] = []

    @Flag(help: "Hold the lock together with other readers; whoever locks without this excludes them all.")
    var shared = false

    @Option(
        help: ArgumentHelp(
            "Let so many hold the name at the same time, each a slot of it. All name the same number.",
            valueName: "count"))
    var slots: Int?

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

    @Option(
        help: ArgumentHelp("End the command, and give the lock up, when it has been held so long.", valueName: "time"))
    var holdAtMost: SpanArgument?

    @Option(
        help: ArgumentHelp(
            "What 'holdfast locks' tells of the holder; the machine's name and the process's number if not given.",
            valueName: "text"))
    var label: String?

    @Option(help: ArgumentHelp("How long after SIGTERM what is left gets SIGKILL.", valueName: "time"))
    var killAfter = SpanArgument(.seconds(5))

    @OptionGroup var connection: ConnectionOptions

    @Argument(parsing: .postTerminator, help: "What to run, after '--', with its arguments.")
    var command: [String]

    func validate() throws {
        if command.isEmpty { throw ValidationError("Name the command to run after '--'.") }
        if !others.isEmpty, shared || slots != nil {
            throw ValidationError("Several names at once go neither with --shared nor with --slots.")
        }
        if shared, slots != nil { throw ValidationError("--shared and --slots exclude each other; give one of them.") }
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
        let names = try ([name] + others).map { text throws in try LockName(text) }
        // A lock that nobody can use is not worth waiting for.
        _ = try Executable.find(command[0])
        var configuration = LockClusterConfiguration(nodes: try connection.nodeConfigurations())
        if let label { configuration.label = label }
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
            outcome = .success(try await run(child, with: locks, names, patience))
        } catch {
            outcome = .failure(error)
        }
        await locks.close()
        return try outcome.get()
    }

    private func run(
        _ child: LockedChild, with locks: LockCluster, _ names: [LockName], _ wait: LockWait
    ) async throws -> HoldfastProcess.ExitStatus {
        let (ttl, limit) = (ttl.duration, holdAtMost?.duration)
        if shared {
            return try await locks.withSharedLock(names[0], ttl: ttl, wait: wait, holdAtMost: limit) { lease in
                try await child.run(.init(lease))
            }
        }
        if let slots {
            return try await locks.withSlot(of: names[0], slots: slots, ttl: ttl, wait: wait, holdAtMost: limit) {
                lease in
                try await child.run(.init(lease, isSlot: true))
            }
        }
        return try await locks.withLocks(names, ttl: ttl, wait: wait, holdAtMost: limit) { lease in
            try await child.run(.init(lease))
        }
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
