/// The named points of an acquisition at which chaos may stop or kill the process.
public enum LockPoint {
    /// Further nodes are about to be asked for a grant.
    public static let asking = "lock.asking"
    /// A majority granted unequal numbers; the largest is about to be written back.
    public static let confirming = "lock.confirming"
    /// A majority keeps the token, and nobody has been told of it.
    public static let granted = "lock.granted"
}
