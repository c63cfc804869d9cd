import ArgumentParser
import HoldfastJobs
import HoldfastPrograms

/// What `holdfast worker` and each worker of `holdfast pool` is told.
struct WorkerOptions: ParsableArguments {
    @Argument(help: "The queues' names, the most urgent first.")
    var queues: [String]

    @Option(help: ArgumentHelp("How many jobs run at once.", valueName: "count"))
    var concurrency = 4

    @Option(
        name: .customLong("handler"),
        help: ArgumentHelp(
            "Run the jobs of a function by a program; repeatable. It reads {\"args\": […], \"kwargs\": {…}} and "
                + "writes its result as JSON.", valueName: "function=command"))
    var handlers: [HandlerArgument] = []

    @Flag(
        help: ArgumentHelp(
            "Also run the jobs of 'holdfast enqueue QUEUE -- command': whoever may write to the queue may then run "
                + "anything as this user."))
    var allowCommands = false

    @Option(help: ArgumentHelp("How long a program may take to end after SIGTERM.", valueName: "time"))
    var killAfter = SpanArgument(.seconds(5))

    @Option(
        help: ArgumentHelp(
            "How long a job stays ours without a sign of life; then another worker runs it again.", valueName: "time"))
    var lease = SpanArgument(.seconds(15))

    @Option(help: ArgumentHelp("How long running jobs may take after the first signal.", valueName: "time"))
    var grace = SpanArgument(.seconds(30))

    @Option(help: ArgumentHelp("After how many executions that lost their worker a job is failed.", valueName: "count"))
    var crashLimit = 5

    @Option(
        help: ArgumentHelp(
            "Which queue comes first: strict (as they are listed), round-robin, random, or weighted, see --weights.",
            valueName: "order"))
    var order = OrderArgument.strict

    @Option(
        help: ArgumentHelp(
            "With --order weighted: how often each queue comes first, 1 to 1000 each.", valueName: "3,1,…"))
    var weights: WeightsArgument?

    @Option(help: ArgumentHelp("End after so many executions.", valueName: "count"))
    var maxJobs: Int?

    @Option(help: ArgumentHelp("End when there was nothing to do for so long.", valueName: "time"))
    var maxIdle: SpanArgument?

    @Flag(help: "End when the queues are empty.")
    var burst = false

    @OptionGroup var webhooks: WebhookOptions

    func validate() throws {
        if (order == .weighted) != (weights != nil) {
            throw ValidationError("--order weighted and --weights go together.")
        }
    }

    /// - Throws: `JobsError` with `invalid` for a name that is none.
    func queueNames() throws -> [QueueName] { try queues.map { try QueueName($0) } }

    func configuration(name: String?) -> WorkerConfiguration {
        var configuration = WorkerConfiguration()
        configuration.name = name
        configuration.concurrency = concurrency
        configuration.lease = lease.duration
        configuration.grace = grace.duration
        configuration.crashLimit = crashLimit
        configuration.burst = burst
        configuration.maximumJobs = maxJobs
        configuration.maximumIdle = maxIdle?.duration
        configuration.order =
            switch order {
            case .strict: .strict
            case .roundRobin: .roundRobin
            case .random: .random
            case .weighted: .weighted(weights?.values ?? [])
            }
        return configuration
    }

    /// What the worker can run: the built-in functions, and the programs.
    ///
    /// - Throws: `CommandFailure` for a function that has two handlers, a program that is not there or a webhook secret
    ///   that is none.
    func registry(_ programs: ProgramHandlers) throws -> HandlerRegistry {
        var registry = BuiltInFunctions.registry()
        try webhooks.register(in: &registry)
        if allowCommands {
            programs.registerCommands(in: &registry, killAfter: killAfter.duration)
        } else {
            CommandJob.registerRefusal(in: &registry)
        }
        for handler in handlers {
            guard !registry.functions.contains(handler.function) else {
                throw CommandFailure("the function \(handler.function) has a handler already", code: .usage)
            }
            var program: ProgramHandler
            do { program = try ProgramHandler(handler.commandLine) } catch {
                throw CommandFailure("--handler \(handler.function): \(error)", code: .usage)
            }
            program.killAfter = killAfter.duration
            programs.register(program, for: handler.function, in: &registry)
        }
        return registry
    }

    /// The same options again, for a worker process.
    var arguments: [String] {
        var arguments = queues
        for (option, value) in [
            ("--concurrency", "\(concurrency)"), ("--kill-after", killAfter.exact), ("--lease", lease.exact),
            ("--grace", grace.exact), ("--crash-limit", "\(crashLimit)"), ("--order", order.rawValue),
        ] { arguments += [option, value] }
        if let weights { arguments += ["--weights", weights.text] }
        if let maxJobs { arguments += ["--max-jobs", "\(maxJobs)"] }
        if let maxIdle { arguments += ["--max-idle", maxIdle.exact] }
        for handler in handlers { arguments += ["--handler", handler.text] }
        if allowCommands { arguments.append("--allow-commands") }
        if burst { arguments.append("--burst") }
        return arguments + webhooks.arguments
    }
}
