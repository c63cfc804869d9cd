import HoldfastRuntime

/// When something happened that a store has on record.
enum StoreTime {
    /// The moment that an entry of a stream names in the store's civil time; the store must run on this machine.
    static func instant(of entry: String, _ runtime: any Runtime) -> Instant? {
        guard let milliseconds = entry.split(separator: "-").first.flatMap({ Int64($0) }) else { return nil }
        let age = runtime.wallTime.microseconds - milliseconds * 1000
        return Instant(nanoseconds: runtime.now.nanoseconds - age * 1000)
    }
}
