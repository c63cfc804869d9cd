public import HoldfastRedis

/// Every script of the job system. Give ``all`` to the client, so that each new connection knows them and a call
/// costs one short command.
public enum JobScripts {
    public static let all: [RedisScript] =
        [
            enqueue, take, complete, renew, repair, promote, reconcile, register, heartbeat, deregister,
        ] + operating + producing + cron

    /// What producers and handlers do, beside enqueueing.
    static let producing: [RedisScript] = [saveMeta, sweep, refill]

    /// What operators do.
    static let operating: [RedisScript] = [
        cancel, requeue, requeueFailed, delete, empty, forget, measure, stop, listLimits,
    ]
}
