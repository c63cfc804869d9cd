import HoldfastCluster

/// When the lock nodes write their append-only files to the disk.
enum NodeFsync: String, CaseIterable {
    /// Before they answer, as `holdfast cluster up` has it.
    case always
    /// When the kernel likes.
    case never
    /// They have no such file.
    case off

    var policy: AppendFsync { self == .always ? .always : .never }

    /// On top of a lock node's usual ones.
    var settings: [ServerSetting] { self == .off ? [ServerSetting("appendonly", "no")] : [] }
}
