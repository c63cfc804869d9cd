import Foundation
import Glibc
import HoldfastRuntime
import Synchronization

/// The page of memory, shared through a file, in which a server with the ``ClockShim`` looks its clock up.
final class ClockPage: Sendable {
    let path: String
    private let runtime: any Runtime
    private let sequence = Mutex<UInt64>(0)

    /// - Throws: ``ChaosError`` when the file cannot be made.
    init(path: String, runtime: any Runtime) throws(ChaosError) {
        self.path = path
        self.runtime = runtime
        do { try Data(count: 4096).write(to: URL(fileURLWithPath: path)) } catch {
            throw ChaosError("cannot write \(path): \(error.localizedDescription)")
        }
    }

    /// From now on the clock shows `shift` more than it is, and runs `rate` times as fast.
    func set(shift: Duration, rate: Double) {
        let now = runtime.wallTime.microseconds * 1000
        write(base: now, shown: now + shift.nanoseconds, rate: rate)
    }

    /// The clock shows what it is.
    func reset() { write(base: 0, shown: 0, rate: 1) }

    private func write(base: Int64, shown: Int64, rate: Double) {
        sequence.withLock { sequence in
            let file = open(path, O_WRONLY | O_CLOEXEC)
            guard file >= 0 else { return }
            defer { close(file) }
            // Odd while the words change.
            put(sequence + 1, at: 0, in: file)
            put(base, at: 8, in: file)
            put(shown, at: 16, in: file)
            put(rate.bitPattern, at: 24, in: file)
            put(sequence + 2, at: 0, in: file)
            sequence += 2
        }
    }

    private func put(_ word: some FixedWidthInteger, at offset: Int, in file: Int32) {
        withUnsafeBytes(of: word) { _ = pwrite(file, $0.baseAddress, $0.count, offset) }
    }
}
