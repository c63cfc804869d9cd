/// Which nodes matter most for a name, alike for all clients: rendezvous hashing over the places in the configuration
/// (Thaler and Ravishankar, 1998), with FNV-1a.
enum Rendezvous {
    /// The name's home, which is asked first where clients compete.
    static func home(of name: LockName, nodes: Int) -> Int {
        let common = hash(name)
        return (0..<nodes).max { weight($0, common) < weight($1, common) } ?? 0
    }

    /// All nodes, the home first.
    static func order(of name: LockName, nodes: Int) -> [Int] {
        let common = hash(name)
        return (0..<nodes).sorted { weight($0, common) > weight($1, common) }
    }

    private static func hash(_ name: LockName) -> UInt64 { step(name.text.utf8.reduce(0xCBF2_9CE4_8422_2325, step), 0) }

    private static func weight(_ node: Int, _ common: UInt64) -> UInt64 {
        var hash = step(common, UInt8(truncatingIfNeeded: node))
        // FNV's last byte moves too few bits by itself.
        hash = (hash ^ (hash >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        return hash ^ (hash >> 33)
    }

    private static func step(_ hash: UInt64, _ byte: UInt8) -> UInt64 { (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
}
