/// Runs clean-up to its end even when the calling task is cancelled: what a cancelled worker has to write (outcomes,
/// jobs given back) would otherwise be dropped on the way.
func shielded<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) async -> Value {
    let task = Task { await body() }  // tidy:allow seam because this is the shield, and it is awaited here
    return await task.value
}
