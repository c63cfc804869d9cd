public import Foundation
import HoldfastJobs
import HoldfastProcess
import HoldfastRedis
import HoldfastRuntime

/// The program that workers run for some jobs: has the job's effect, and obeys orders at named points. It is struck
/// under its worker's name.
public struct JobProgram: Sendable {
    private let directory: String

    /// - Parameter directory: The run's.
    public init(directory: String) { self.directory = directory }

    /// The command line that runs it.
    /// - Parameter program: Has the command `chaos program`.
    static func line(_ program: String, in directory: String) -> String {
        [program, "chaos", "program", "--directory", directory].map { word in
            let escaped = word.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            return "\"\(escaped)\""
        }.joined(separator: " ")
    }

    /// - Parameter input: What the worker writes to its standard input.
    /// - Returns: The result, as the worker expects it on standard output.
    /// - Throws: ``ChaosError`` when it was not started by a worker; what the store says.
    public func run(_ input: Data) async throws -> String {
        func variable(_ name: String) throws(ChaosError) -> String {
            guard let value = Environment.variable(name) else { throw ChaosError("\(name) is missing") }
            return value
        }
        struct Call: Decodable { var kwargs: JobWork.Order }
        let order = try JSONDecoder().decode(Call.self, from: input).kwargs
        let settings = try WorkerSettings.load(from: directory)
        let runtime = ChaosRuntime(
            orders: ChaosOrders(directory: "\(directory)/orders"), process: try variable("HOLDFAST_WORKER"))
        let key = try variable(settings.mutant == .keyOff ? "HOLDFAST_JOB_EXECUTION" : "HOLDFAST_JOB_IDEMPOTENCY_KEY")
        let store = RedisClient(try RedisConfiguration(url: settings.store), runtime: runtime)
        await runtime.reach(Points.programBegun)
        try await runtime.sleep(for: .milliseconds(order.milliseconds))
        let place: Int64
        do { place = try await JobEffects(on: store).happen(for: try variable("HOLDFAST_JOB_ID"), key: key) } catch {
            await store.close()
            throw error
        }
        await runtime.reach(Points.programEffected)
        await store.close()
        return "\(place)"
    }
}
