/// The operations that the checkers know, with the shape of their `value`.
public enum HistoryFunction {
    // MARK: Locks

    /// `[lock, null]`; ok: `[lock, token]`, with `until`.
    public static let acquire = "acquire"
    /// `[lock, ms it may take]`: somebody begins to ask, again and again; ok: it is granted; fail: he gives up. Told
    /// when it begins, where an acquisition is told when it has ended.
    public static let seek = "seek"
    /// `[lock, token]`, with `until`.
    public static let renew = "renew"
    /// `[lock, token]`; fail: the lease was lost before.
    public static let release = "release"

    // MARK: Registers and counters behind a fence, each with `token`

    /// `[register, null]`; ok: `[register, value]`, null for none yet.
    public static let read = "read"
    /// As `read`, and raises the fence to the token.
    public static let raise = "raise"
    /// `[register, value]`; fail with an error that begins with `stale`: the fence refused it.
    public static let write = "write"
    /// `[counter, null]`; ok: `[counter, what it was set to]`.
    public static let increment = "increment"

    // MARK: Ledger

    /// `[idempotency key, from, to, amount]`: somebody wants it to happen.
    public static let transfer = "transfer"

    // MARK: Jobs

    /// `[job]`; ok: it is acknowledged, and must not be lost.
    public static let enqueue = "enqueue"
    /// `[job, attempt]`: one execution.
    public static let run = "run"

    // MARK: What witnesses saw

    /// `[account, credits]` before the run.
    public static let opening = "opening"
    /// `[account, credits]` after the run.
    public static let balance = "balance"
    /// `[idempotency key, from, to, amount, from's token, to's token, from's balance, to's balance]`, in the ledger's
    /// order.
    public static let journal = "journal"
    /// `[resource, token]`: a write that the resource accepted, in its order.
    public static let accepted = "accepted"
    /// `[resource, token, fence]`: a stale attempt that the resource refused.
    public static let refused = "refused"
    /// `[counter, value]` after the run.
    public static let final = "final"
    /// `[job]`: an effect of a job, once for each time that it took place.
    public static let effect = "effect"
    /// `[job, where]` after the run: a place where the job is registered, such as `finished` or `started`.
    public static let registered = "registered"

    /// `[queue]`: all of the queue's registries were read after the run, so that a job without a place is in none.
    public static let surveyed = "surveyed"

    // MARK: What was done to the system

    /// `[number, kind, target, detail]`: it begins, or it is over at once.
    public static let fault = "fault"
    /// `[number]`: that fault is over.
    public static let heal = "heal"
    /// `[number, what was seen from outside]`: that fault really happened.
    public static let confirm = "confirm"
    /// `[number, kind, target, reason]`: a planned fault that could not be.
    public static let skip = "skip"
}
