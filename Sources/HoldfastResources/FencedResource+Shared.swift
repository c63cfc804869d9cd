public import HoldfastLocks

extension FencedResource {
    /// Reads the value for the holder of a shared lock.
    /// - Throws: ``ResourceError/stale(resource:token:fence:)`` when a writer that came later has raised the fence: the
    ///   reader's lease ended without its noticing.
    public func read(_ token: ReadToken) async throws(ResourceError) -> [UInt8]? {
        try await read(FencingToken(rawValue: token.rawValue))
    }
}
