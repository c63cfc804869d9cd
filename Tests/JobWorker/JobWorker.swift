import Foundation
import HoldfastJobs
import HoldfastProcess
import HoldfastRedis
import HoldfastRuntime
import JobFaults

/// A worker for the tests to kill and to freeze: it strikes itself when it comes to a point for the n-th time, and
/// tells on its standard output, a line of JSON an event, what it does.
///
/// `job-worker URL NAME QUEUES LEASE-MS POINT VISIT kill|stop|none [CONCURRENCY]`
@main
struct JobWorker {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard (7...8).contains(arguments.count), let lease = Int64(arguments[3]), let visit = Int(arguments[5]) else {
            exit(2)
        }
        let name = arguments[1]
        let blow: Blow? =
            switch arguments[6] {
            case "kill": Blow(at: arguments[4], visit: visit, signal: .kill)
            case "stop": Blow(at: arguments[4], visit: visit, signal: .stop)
            default: nil
            }
        let transport = ScriptTransport(JobScripts.all) { script, moment in
            blow?.reach("\(script):\(moment.rawValue)")
        }
        let client = RedisClient(
            try RedisConfiguration(url: arguments[0]), scripts: JobScripts.all, transport: transport)
        var handlers = HandlerRegistry()
        Effects(on: client).register(in: &handlers) { blow?.reach($0) }
        var configuration = WorkerConfiguration()
        configuration.name = name
        configuration.lease = .milliseconds(lease)
        configuration.maintenanceInterval = .milliseconds(200)
        if arguments.count == 8, let concurrency = Int(arguments[7]) { configuration.concurrency = concurrency }
        // High enough for jobs that are struck again and again by chance.
        configuration.crashLimit = 20
        let worker = try Worker(
            queues: try arguments[2].split(separator: ",").map { try QueueName($0) }, client: client,
            handlers: handlers, configuration: configuration
        ) { event in
            report(event)
            if case .taken = event { blow?.reach(Points.taken) }
        }
        let handler = try SignalHandler(.terminate) { worker.shutdown() }
        defer { handler.remove() }
        try await worker.run()
        await client.close()
    }

    private static func report(_ event: WorkerEvent) {
        func ended(_ info: ExecutionInfo, _ outcome: String) {
            Report(.ended, job: "\(info.jobID)", outcome).send()
        }
        switch event {
        case .taken(let info): Report(.taken, job: "\(info.jobID)").send()
        case .finished(let info): ended(info, "finished")
        case .failed(let info, let reason, _): ended(info, "failed: \(reason)")
        case .staleCompletionRefused(let info): ended(info, "stale")
        case .leaseLost(let info): ended(info, "lease lost")
        case .returned(let info): ended(info, "returned")
        case .outcomeDropped(let info, _): ended(info, "dropped")
        default: break
        }
    }
}
