/// What somebody wants to hold, and for how long at a time.
struct LockRequest: Sendable, Hashable {
    /// Sorted, each once.
    let names: [LockName]
    /// Where the end of each name's hold is announced. The slots of a semaphore share their semaphore's.
    let channels: [LockName]
    let mode: LockMode
    let ttl: Duration
    /// What to call it in errors.
    let text: String
    /// Who asks; nil for the client's own label.
    var label: String?

    init(_ name: LockName, channel: LockName? = nil, mode: LockMode = .exclusive, ttl: Duration) {
        names = [name]
        channels = [channel ?? name]
        self.mode = mode
        self.ttl = ttl
        text = name.text
    }

    /// - Throws: ``LockError/invalid(_:)`` for no names, or more than a script call takes well.
    init(all names: [LockName], ttl: Duration) throws(LockError) {
        let sorted = Set(names).sorted()
        guard (1...Self.maximumNames).contains(sorted.count) else {
            throw .invalid("1 to \(Self.maximumNames) names are locked at once, not \(sorted.count)")
        }
        self.names = sorted
        channels = sorted
        mode = .exclusive
        self.ttl = ttl
        text = sorted.map(\.text).joined(separator: ", ")
    }

    static let maximumNames = 256
}
