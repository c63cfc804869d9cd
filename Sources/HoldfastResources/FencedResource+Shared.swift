public import HoldfastLocks

extension FencedResource {
    /// Raises the fence to a reader's token and reads the value: what earlier writers still send is refused from here
    /// on. Do this first; then ``read(_:)-(ReadToken)`` reads again.
    /// - Throws: ``ResourceError/stale(resource:token:fence:)`` when a writer that came later has been here: the
    ///   reader's lease ended without its noticing.
    public func raise(to token: ReadToken) async throws(ResourceError) -> [UInt8]? {
        try await raise(to: FencingToken(rawValue: token.rawValue))
    }

    /// Reads the value for a reader that has raised the fence.
    /// - Throws: as ``raise(to:)-(ReadToken)``.
    public func read(_ token: ReadToken) async throws(ResourceError) -> [UInt8]? {
        try await read(FencingToken(rawValue: token.rawValue))
    }
}
