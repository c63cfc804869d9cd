public import ArgumentParser
import HoldfastCluster
public import HoldfastLocks
public import HoldfastMeasurement
import HoldfastRedis

struct BenchLocks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "locks", abstract: "Let clients acquire and release locks as fast as they can.",
        discussion: """
            Without --nodes it starts five lock nodes of its own on this machine, with --fsync as told, and stops them \
            at the end. With --nodes it uses those, whose cluster must be initialised: it takes only the locks \
            bench/shared and bench/0, bench/1 …, of which a counter each stays behind.

            Each client repeats one cycle: acquire, keep for --hold, release. The servers share this machine with the \
            clients if they run on it: compare runs on one machine, not absolute numbers.

            In the JSON all spans are in microseconds. acquire_us is the time from asking for a lock to holding it, \
            cycle_us to asking for the next one; hand_over_us, with --names shared, the time from the beginning of \
            a release to the next holder's start. round_trips_per_acquire counts failed attempts too; \
            fast_path_share is the share of locks issued in one phase; writes_per_cycle counts writes to sockets; \
            cpu_us_per_cycle is this process's processor time.

            Exit status: 0 measured, 69 no majority of lock nodes, 75 a client did not get its lock, 130 interrupted.

            Examples:
              holdfast bench locks
              holdfast bench locks --clients 64 --executor loop --seconds 10
              holdfast bench locks --clients 64 --ask majority
              holdfast bench locks --clients 8 --names shared --hold 5ms
              holdfast bench locks --nodes redis://a,redis://b,redis://c --clients 16 --json
            """)

    @Option(help: ArgumentHelp("How many clients, 1 to 10000.", valueName: "count"))
    var clients = 1

    @Option(help: "Whether each client wants a lock of its own, or all the same one.")
    var names = LockLoad.Names.own

    @Option(help: ArgumentHelp("For how long, 0.1 to 3600.", valueName: "seconds"))
    var seconds = 5.0

    @Option(help: "Where the clients run: on the connections' event loop, or on the global pool as applications do.")
    var executor = LockLoad.Place.pool

    @Option(
        help: """
            Whom the clients ask for a lock: all nodes, or a majority at first and the others only where that does not \
            suffice.
            """)
    var ask = LockClusterConfiguration.Asking.all

    @Option(help: ArgumentHelp("How long each holder keeps the lock; less than half of --ttl.", valueName: "time"))
    var hold = SpanArgument(.zero)

    @Option(help: ArgumentHelp("The leases' length.", valueName: "time"))
    var ttl = SpanArgument(.seconds(10))

    @Option(
        help: """
            The durability of nodes that are started for it: 'always' syncs every write to the disk, 'never' leaves \
            that to the kernel, 'off' keeps no file at all.
            """)
    var fsync: BenchFsync?

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...10_000).contains(clients) else { throw ValidationError("--clients is from 1 to 10000.") }
        guard (0.1...3600).contains(seconds) else { throw ValidationError("--seconds is from 0.1 to 3600.") }
        guard hold.duration < ttl.duration / 2 else {
            throw ValidationError("--hold must be less than half of --ttl: the benchmark renews no lease.")
        }
        if fsync != nil, connection.namesNodes {
            throw ValidationError("--fsync is for nodes that are started for it; leave it out with nodes of your own.")
        }
    }

    func run() async throws {
        if connection.namesNodes {
            let configuration = LockClusterConfiguration(nodes: try connection.nodeConfigurations())
            try await measure(configuration, over: try connection.transport(to: configuration.nodes))
        } else {
            let fsync = self.fsync ?? .never
            try await withTemporaryCluster(
                nodes: 5, stores: 0, nodeFsync: fsync.policy, nodeSettings: fsync.settings
            ) { cluster in
                let configuration = try LockClusterConfiguration(urls: cluster.nodeURLs)
                _ = try await LockCluster.initialize(configuration, maximumTTL: max(ttl.duration, .seconds(60)))
                try await measure(configuration, over: NIOTransport())
            }
        }
    }

    private func measure(_ configuration: LockClusterConfiguration, over transport: NIOTransport) async throws {
        var configuration = configuration
        configuration.asks = ask
        let locks = try await LockCluster.connect(configuration, transport: transport)
        var load = LockLoad(clients: clients, names: names, place: executor, for: .seconds(seconds))
        load.hold = hold.duration
        load.ttl = ttl.duration
        let view = BenchView(isShown: !output.json && !output.quiet, seconds: seconds)
        let figures: Result<LockFigures, any Error>
        do {
            figures = .success(try await load.run(on: locks, over: transport) { view.show(cycles: $0) })
        } catch { figures = .failure(error) }
        await locks.close()
        try view.clear()
        let report = BenchLocksReport(load, try figures.get(), on: configuration)
        if output.json { try Output.standard.json(report) } else { try report.write(to: .standard) }
    }
}

extension LockLoad.Names: ExpressibleByArgument {}
extension LockLoad.Place: ExpressibleByArgument {}
extension LockClusterConfiguration.Asking: ExpressibleByArgument {}

/// The durability of servers that are started for a benchmark.
enum BenchFsync: String, ExpressibleByArgument, CaseIterable, Sendable {
    case always, never, off

    var policy: AppendFsync { self == .always ? .always : .never }

    /// On top of a lock node's usual ones.
    var settings: [ServerSetting] { self == .off ? [ServerSetting("appendonly", "no")] : [] }
}
