import Logging

extension Worker {
    func log(_ event: WorkerEvent) {
        switch event {
        case .started: logger.info("started", metadata: ["queues": "\(queues.map(\.text).joined(separator: ","))"])
        case .stopped: logger.info("stopped")
        case .taken(let info): logger.debug("taken", metadata: info.metadata)
        case .finished(let info): logger.debug("finished", metadata: info.metadata)
        case .returned(let info): logger.info("given back unfinished", metadata: info.metadata)
        case .failed(let info, let reason, let next):
            logger.warning("failed, job is \(next.rawValue): \(reason)", metadata: info.metadata)
        case .jobStopped(let info): logger.info("stopped on request, handler cancelled", metadata: info.metadata)
        case .leaseLost(let info): logger.warning("lease lost, handler cancelled", metadata: info.metadata)
        case .staleCompletionRefused(let info):
            logger.warning("stale completion refused, nothing written", metadata: info.metadata)
        case .outcomeDropped(let info, let error):
            logger.error("outcome dropped, the job will be repaired: \(error)", metadata: info.metadata)
        case .recovered(let recovery):
            logger.warning(
                "execution of a lost worker: job \(recovery.action.rawValue)",
                metadata: [
                    "job": "\(recovery.jobID)", "execution": "\(recovery.executionID)",
                    "lost-worker": "\(recovery.workerName)", "crashes": "\(recovery.crashes)",
                ])
        case .skipped(let count): logger.debug("skipped \(count) ids without a waiting job")
        case .troubled(let error): logger.warning("redis cannot be used: \(error)")
        }
    }
}

extension ExecutionInfo {
    var metadata: Logger.Metadata {
        ["job": "\(jobID)", "queue": "\(queue)", "execution": "\(executionID)", "attempt": "\(attempt)"]
    }
}
