import Synchronization
import HoldfastProcess
import HoldfastRuntime

extension Injector {
    func killWorker(_ entry: FaultPlan.Entry, at point: String?) async {
        guard let victim = await choose(entry) else { return skip(entry, "worker", "no worker was free") }
        defer { free([victim.name]) }
        if let point {
            guard await obeyed(.kill, by: victim, at: point) else {
                return skip(entry, victim.name, "it did not come to \(point)")
            }
        } else if !victim.process.signal(.kill) {
            return skip(entry, victim.name, "it had ended")
        }
        let status = await victim.process.wait()
        // Only now: what it began before its end must not look as if it had been begun after.
        note(entry, .kill, victim.name, "SIGKILL" + (point.map { " at \($0)" } ?? ""))
        if status == .signalled(Signal.kill.rawValue) {
            confirm(entry, "its parent was told that SIGKILL ended it")
        }
        heal(entry)
    }

    func pauseWorker(_ entry: FaultPlan.Entry, at point: String, span: Duration) async {
        guard let victim = await choose(entry) else { return skip(entry, "worker", "no worker was free") }
        defer { free([victim.name]) }
        guard await obeyed(.stop, by: victim, at: point) else {
            return skip(entry, victim.name, "it did not come to \(point)")
        }
        note(entry, .pause, victim.name, "SIGSTOP at \(point) for \(span.milliseconds) ms")
        if await isStopped(victim.process.pid) { confirm(entry, "the kernel lists it as stopped") }
        // Also when the run is cancelled, the process must not be left stopped.
        try? await standStill(victim.name, for: span)
        victim.process.signal(.resume)
        heal(entry)
    }

    /// The signal takes effect a moment after it was sent.
    private func isStopped(_ pid: Int32) async -> Bool {
        for _ in 0..<200 {
            guard let identity = ProcessIdentity(pid: pid) else { return false }
            if identity.isStopped { return true }
            guard (try? await runtime.sleep(for: .milliseconds(5))) != nil else { return false }
        }
        return false
    }

    /// A pause shows what it does only if another got one of the locks meanwhile and used it: it ends after `span`, and
    /// when that has happened; but in time for the lease of the paused one's job.
    private func standStill(_ worker: String, for span: Duration) async throws {
        let start = runtime.now
        let limit = start.advanced(by: max(span, scenario.workload.jobLease * 0.8))
        try await runtime.sleep(until: start.advanced(by: span))
        while runtime.now < limit, await !overtaken(worker) { try await runtime.sleep(for: .milliseconds(50)) }
    }

    /// Only a job's program dies; its worker finds out, and goes on.
    func killProgram(_ entry: FaultPlan.Entry, at point: String?) async {
        guard let victim = await choose(entry) else { return skip(entry, "worker", "no worker was free") }
        defer { free([victim.name]) }
        if let point, await !obeyed(.stop, by: victim, at: point) {
            return skip(entry, victim.name, "none of its programs came to \(point)")
        }
        guard let program = await stopped(entry, of: victim, isStruck: point != nil) else {
            return skip(entry, victim.name, "it ran no program that could be stopped")
        }
        note(
            entry, .killProgram, victim.name,
            "SIGKILL to its program \(program.identity.pid) of the job \(program.job)"
                + (point.map { " at \($0)" } ?? ""))
        program.identity.signal(.kill)
        if await isCollected(program), victim.process.isRunning {
            confirm(entry, "the program is gone from the kernel's process list, and its worker is not")
        }
        heal(entry)
    }

    /// A program of the worker that the kernel lists as stopped: so it cannot end by itself before it is killed.
    /// - Parameter isStruck: Whether one has obeyed an order to stop; otherwise one that is drawn gets it now.
    private func stopped(
        _ entry: FaultPlan.Entry, of victim: Fleet.Member, isStruck: Bool
    ) async -> WorkerProgram? {
        var choice = choice(for: entry)
        for _ in 0..<200 where victim.process.isRunning {
            let programs = WorkerProgram.running(below: victim.process.pid, as: victim.name)
            if let stopped = programs.first(where: \.identity.isStopped) { return stopped }
            if !isStruck, let drawn = programs.randomElement(using: &choice), drawn.identity.signal(.stop),
                await isStopped(drawn.identity.pid), drawn.identity.isAlive
            {
                return drawn
            }
            guard (try? await runtime.sleep(for: .milliseconds(20))) != nil else { break }
        }
        return nil
    }

    /// Whether the kernel lists the program no more, not even as a zombie: its worker has been told how it ended.
    private func isCollected(_ program: WorkerProgram) async -> Bool {
        for _ in 0..<500 {
            if program.isGone { return true }
            guard (try? await runtime.sleep(for: .milliseconds(10))) != nil else { break }
        }
        return program.isGone
    }

    /// A worker without a fault under way, waited for until one is there.
    private func choose(_ entry: FaultPlan.Entry) async -> Fleet.Member? {
        var choice = choice(for: entry)
        for _ in 0..<100 {
            let struck = state.withLock { $0.struck }
            let free = fleet.members.filter { !struck.contains($0.name) }
            if let victim = free.randomElement(using: &choice), occupy([victim.name]) { return victim }
            guard (try? await runtime.sleep(for: .milliseconds(20))) != nil else { return nil }
        }
        return nil
    }

    /// Whether the worker came to the point and was struck there.
    private func obeyed(_ order: ChaosOrders.Order, by victim: Fleet.Member, at point: String) async -> Bool {
        guard orders.place(order, for: victim.name, at: point) else { return false }
        for _ in 0..<500 {
            if !orders.isPending(for: victim.name, at: point) { return true }
            guard victim.process.isRunning, (try? await runtime.sleep(for: .milliseconds(10))) != nil else { break }
        }
        return !orders.withdraw(for: victim.name, at: point)
    }
}
