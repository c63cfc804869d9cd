import Foundation
import Glibc
public import HoldfastRuntime

/// How the one who injects faults strikes a process at a named point: he leaves an order, a file named after the
/// process and the point; the first task of the process that reaches the point takes it, and stops or kills the
/// whole process right there.
public struct ChaosOrders: Sendable {
    public enum Order: String, Sendable { case stop, kill }

    private let directory: String

    /// - Parameter directory: Exists, and is for this run only.
    public init(directory: String) { self.directory = directory }

    private func path(_ process: String, _ point: String) -> String { "\(directory)/\(process)@\(point)" }

    /// Leaves an order. Atomic: a half-written one is never seen.
    func place(_ order: Order, for process: String, at point: String) -> Bool {
        let url = URL(fileURLWithPath: path(process, point))
        return (try? Data(order.rawValue.utf8).write(to: url, options: .atomic)) != nil
    }

    /// Takes an order back.
    /// - Returns: False when it has been taken already.
    func withdraw(for process: String, at point: String) -> Bool { unlink(path(process, point)) == 0 }

    func isPending(for process: String, at point: String) -> Bool { access(path(process, point), F_OK) == 0 }

    /// Takes the order for this point if there is one, and obeys.
    func obey(as process: String, at point: String) {
        let path = path(process, point)
        guard access(path, F_OK) == 0, let text = try? String(contentsOfFile: path, encoding: .utf8),
            let order = Order(rawValue: text), unlink(path) == 0
        else { return }
        // To this thread, which so does not come to its next line; the kernel then stops or ends all others with it.
        // Sent to the process, the signal could be taken by another thread while this one goes on.
        raise(order == .stop ? SIGSTOP : SIGKILL)
    }
}

/// The live runtime, with orders obeyed at named points.
public struct ChaosRuntime: Runtime {
    private let live = LiveRuntime()
    private let orders: ChaosOrders
    private let process: String

    /// - Parameter process: The name under which this process gets its orders.
    public init(orders: ChaosOrders, process: String) {
        self.orders = orders
        self.process = process
    }

    public var now: Instant { live.now }
    public var wallTime: WallTime { live.wallTime }
    public func sleep(until deadline: Instant) async throws { try await live.sleep(until: deadline) }
    public func randomBits() -> UInt64 { live.randomBits() }
    public func reach(_ point: String) async { pass(point) }
    public func pass(_ point: String) { orders.obey(as: process, at: point) }
}
